import { expect, test } from 'bun:test';
import { getEnvironment, parseEnvironment } from './standby.ts';

test('parseEnvironment: values with line breaks and equals signs; what is no variable is left out', () =>
  expect(parseEnvironment('A=1\0B=two\nlines\0C=x=y\0D=\0=E\0F\0')).toEqual({
    A: '1',
    B: 'two\nlines',
    C: 'x=y',
    D: '',
  }));
test('getEnvironment: our own, where nothing is said', async () =>
  expect(await getEnvironment([], { A: '1' })).toEqual({ A: '1' }));
test.each([[['--standby']], [['--standby', 'a', 'b']], [['--help']]])('getEnvironment refuses %p', (argv) =>
  expect(getEnvironment(argv, {})).rejects.toThrow('unknown arguments'),
);
