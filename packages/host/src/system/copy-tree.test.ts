import { expect, test } from 'bun:test';
import { getCopyTreeArgv } from './copy-tree.ts';

test('getCopyTreeArgv: each host by its own flag', () => {
  expect(getCopyTreeArgv('/a', '/b', 'darwin')).toEqual(['cp', '-R', '-c', '/a/.', '/b']);
  expect(getCopyTreeArgv('/a', '/b', 'linux')).toEqual(['cp', '-R', '--reflink=auto', '/a/.', '/b']);
});
