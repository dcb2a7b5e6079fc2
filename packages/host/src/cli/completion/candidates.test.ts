import { expect, test } from 'bun:test';
import { createContext } from '../../../test/support/cli-context.ts';
import { createProgram } from '../program.ts';
import { getCandidates } from './candidates.ts';

const program = createProgram(createContext([]).context, () => {});
/** Sandboxes mercury and mars are there; other arguments show that they were asked for. */
const complete = async (...words: string[]) => {
  const values = ['mercury', 'mars'].map((value) => ({ value, description: '' }));
  const found = await getCandidates(program, words, async (argument, command) =>
    argument === 'name' && command.parent === program
      ? values
      : [{ value: `${command.name()}:${argument}`, description: '' }],
  );
  return found.map(({ value }) => value);
};

test.each<[string[], string[]]>([
  [['st'], ['status']],
  [['dae'], ['daemon']],
  [['nothing'], []],
  [
    ['down', ''],
    ['mercury', 'mars'],
  ],
  [['down', 'me'], ['mercury']],
  [['down', 'mercury', ''], []],
  [['up', 'mercury', '--net'], ['--network']],
  [
    ['up', '--network', ''],
    ['nat', 'none'],
  ],
  [['up', '--network', 'no'], ['none']],
  [['up', '--network=no'], ['--network=none']],
  // As bash has it.
  [['up', '--network', '=', 'no'], ['none']],
  [
    ['up', '--network', '='],
    ['nat', 'none'],
  ],
  [
    ['up', '--cpus', '2', 'm'],
    ['mercury', 'mars'],
  ],
  [['up', '--cpus', ''], []],
  [
    ['up', '-y', 'm'],
    ['mercury', 'mars'],
  ],
  [
    ['daemon', 'st'],
    ['status', 'stop'],
  ],
  [['secrets', 'set', ''], ['set:name']],
  [['exec', 'mercury', '--', ''], []],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
])('getCandidates: %j', async (words, expected) => expect(await complete(...words)).toEqual(expected));

test('getCandidates: nothing but what help shows too', async () => {
  expect(await complete('')).toEqual(
    program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name()),
  );
  expect(await complete('c')).not.toContain('complete');
});
