import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import { run } from '../../../system/exec.ts';
import { runTool } from './tools.ts';

async function refuse(argv: string[], signal = AbortSignal.timeout(10_000)) {
  const step = { argv, program: 'mkfs.erofs', action: 'make a root file system' };
  return toProblem(await runTool({ run, signal, onLine: () => {} }, step).catch((error) => error));
}

test('runTool gives what it printed, and each line as it comes', async () => {
  const lines: string[] = [];
  const options = { run, signal: AbortSignal.timeout(10_000), onLine: (line: string) => lines.push(line) };
  const step = { argv: ['printf', 'one\ntwo\n'], program: 'printf', action: 'print' };
  expect(await runTool(options, step)).toBe('one\ntwo');
  expect(lines).toEqual(['one', 'two']);
  await runTool(options, { ...step, quiet: true });
  expect(lines).toHaveLength(2);
});
test.each<[string, string[]]>([
  ['a program that is not there', ['/no/such/mkfs.erofs']],
  ['a program that a shell does not find', ['sh', '-c', 'no-such-mkfs.erofs']],
])('runTool: %s is engine-missing with the command that installs it', async (_, argv) =>
  expect(await refuse(argv)).toMatchObject({
    code: 'engine-missing',
    message: 'mkfs.erofs is not installed',
    fix: 'cspace setup --substrate qemu',
  }),
);
test('runTool: a failure is image-build-failed with the last lines', async () =>
  expect(await refuse(['sh', '-c', 'echo begun; echo "no space left" >&2; exit 1'])).toMatchObject({
    code: 'image-build-failed',
    message: 'mkfs.erofs could not make a root file system',
    why: 'no space left',
  }));
test('runTool: an interrupt is interrupted', async () =>
  expect((await refuse(['sleep', '60'], AbortSignal.timeout(50))).code).toBe('interrupted'));
