import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callCli } from '../../../test/support/cli-context.ts';
import { useTempFolder } from '../../git/testing.ts';

const temp = useTempFolder();
const KEEPS_IN_FILE = process.platform !== 'darwin';

test('secrets set, ls, rm: names are shown, a value never', async () => {
  const home = join(temp(), 'home');
  const call = async (argv: string[], input?: string) => {
    const options = { env: { CSPACE_HOME: home }, ...(input === undefined ? {} : { input }) };
    const called = await callCli(['secrets', ...argv], options);
    expect(called.stdout + called.stderr).not.toContain('CANARY');
    return called;
  };
  expect(await call(['set', 'GH_TOKEN'], 'ghp_CANARY\n')).toMatchObject({ code: 0, stderr: '' });
  if (KEEPS_IN_FILE) expect(readFileSync(join(home, 'secrets.env'), 'utf8')).toBe("GH_TOKEN='ghp_CANARY'\n");
  expect((await call(['ls'])).stdout).toStartWith('GH_TOKEN  in ');
  expect((await call(['rm', 'GH_TOKEN', '--json'])).stdout).toBe('{"name":"GH_TOKEN","removed":true}\n');
  expect((await call(['ls', '--json'])).stdout).toBe('{"secrets":[]}\n');
  expect((await call(['rm', 'GH_TOKEN'])).stdout).toBe('GH_TOKEN was not there\n');
});

test('secrets set refuses a name that is none, no value, and a value on the command line', async () => {
  const home = join(temp(), 'home');
  const call = (argv: string[], input = '') =>
    callCli(['secrets', 'set', ...argv], { env: { CSPACE_HOME: home }, input });
  expect(await call(['NPM_TOKEN'], 'x')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the names:'),
  });
  expect(await call(['GH_TOKEN'], ' \n')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no value'),
  });
  expect(await call(['GH_TOKEN'], 'two words')).toMatchObject({ code: 2 });
  expect(await call(['GH_TOKEN', 'CANARY'])).toMatchObject({ code: 2 });
});
