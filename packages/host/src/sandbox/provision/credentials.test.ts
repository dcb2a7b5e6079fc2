import { expect, test } from 'bun:test';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { makePaths, SELF, useTempFolder } from '../../git/testing.ts';
import { type Given, readCredentials, renderEnvFile, renderSecrets } from './credentials.ts';

const temp = useTempFolder();
const CANARY = 'sk-ant-api03-CANARY-do-not-print';
const NONE = async () => ({});
const OAT = 'sk-ant-oat01-CANARY-do-not-print';

function home(secrets?: string, mode = 0o600) {
  const paths = makePaths(temp());
  mkdirSync(dirname(paths.secrets), { recursive: true });
  if (secrets !== undefined) {
    writeFileSync(paths.secrets, secrets);
    chmodSync(paths.secrets, mode);
  }
  return paths;
}

const read = (secrets?: string, env: Given['values'] = {}) =>
  readCredentials({ paths: home(secrets), owner: SELF, env, keychain: NONE });

async function refusal(reading: Promise<unknown>) {
  const error = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no problem: ${String(error)}`);
  // Whatever happens to it, printed by whomever: no token in it.
  expect(Bun.inspect(error) + JSON.stringify(error.problem) + String(error.stack)).not.toContain('CANARY');
  expect(error.problem.code).toBe('credentials-invalid');
  return error.problem;
}

test('readCredentials: nothing given is practice', async () => {
  expect(await read()).toEqual({ practice: true, model: undefined, variables: {} });
  expect(await read('', { ANTHROPIC_API_KEY: ' ' })).toMatchObject({ practice: true });
});

test('readCredentials: a GitHub token stands under its three names, and is no credential for a model', async () => {
  for (const name of ['GH_TOKEN', 'GITHUB_TOKEN', 'GITHUB_PERSONAL_ACCESS_TOKEN'] as const) {
    const { practice, variables } = await read(undefined, { [name]: 'ghp_x' });
    expect(practice).toBe(true);
    expect(variables).toEqual({
      GH_TOKEN: 'ghp_x',
      GITHUB_TOKEN: 'ghp_x',
      GITHUB_PERSONAL_ACCESS_TOKEN: 'ghp_x',
    });
  }
});

test('readCredentials puts a key where its prefix belongs, and under no other name', async () => {
  for (const [given, value, expected] of [
    ['ANTHROPIC_API_KEY', OAT, 'CLAUDE_CODE_OAUTH_TOKEN'],
    ['ANTHROPIC_AUTH_TOKEN', OAT, 'CLAUDE_CODE_OAUTH_TOKEN'],
    ['CLAUDE_CODE_OAUTH_TOKEN', CANARY, 'ANTHROPIC_API_KEY'],
    ['ANTHROPIC_API_KEY', CANARY, 'ANTHROPIC_API_KEY'],
    ['ANTHROPIC_API_KEY', 'gateway-key', 'ANTHROPIC_API_KEY'],
    ['ANTHROPIC_AUTH_TOKEN', 'gateway-key', 'ANTHROPIC_AUTH_TOKEN'],
  ] as const) {
    expect(await read(`${given}=${value}`)).toEqual({
      practice: false,
      model: undefined,
      variables: { [expected]: value },
    });
  }
});

test('readCredentials: the environment goes before the file, as a whole', async () => {
  const both = await read(`CLAUDE_CODE_OAUTH_TOKEN=${OAT}\nGH_TOKEN=file`, { ANTHROPIC_API_KEY: CANARY });
  expect(both.variables).toMatchObject({ ANTHROPIC_API_KEY: CANARY, GH_TOKEN: 'file' });
  expect(both.variables).not.toHaveProperty('CLAUDE_CODE_OAUTH_TOKEN');
});

test('readCredentials refuses two different keys, and takes the same one twice', async () => {
  const two = await refusal(read(undefined, { ANTHROPIC_API_KEY: CANARY, CLAUDE_CODE_OAUTH_TOKEN: OAT }));
  expect(two.message).toContain('ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN');
  const same = await read(undefined, { ANTHROPIC_API_KEY: OAT, CLAUDE_CODE_OAUTH_TOKEN: OAT });
  expect(same.variables).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: OAT });
});

test('readCredentials: a gateway with a token, a local server without one, and its model', async () => {
  const gateway = await read(
    'ANTHROPIC_AUTH_TOKEN=x\nANTHROPIC_BASE_URL=https://gw.example.com\nANTHROPIC_MODEL=opus',
  );
  expect(gateway).toEqual({
    practice: false,
    model: 'opus',
    variables: { ANTHROPIC_AUTH_TOKEN: 'x', ANTHROPIC_BASE_URL: 'https://gw.example.com' },
  });
  const local = await read(undefined, { ANTHROPIC_BASE_URL: 'http://10.1.2.3:11434' });
  expect(local).toMatchObject({ practice: false, variables: { ANTHROPIC_AUTH_TOKEN: 'not-needed' } });
});

test('readCredentials refuses a base URL that is none, holds a password, or means the sandbox', async () => {
  for (const url of [
    `CANARY`,
    `ftp://x`,
    `https://u:CANARY@x.org`,
    'http://localhost:1',
    'http://127.0.0.1',
    'http://[::1]:8/',
  ]) {
    expect((await refusal(read(undefined, { ANTHROPIC_BASE_URL: url }))).message).toContain(
      'ANTHROPIC_BASE_URL',
    );
  }
});

test('readCredentials reads quotes, comments, export and other line ends', async () => {
  const { variables } = await read(
    `\u{feff}# mine\r\n\r\nexport ANTHROPIC_API_KEY="${CANARY}" # work\r\nGH_TOKEN='a#b "c"'\nANTHROPIC_MODEL=opus # big\n`,
  );
  expect(variables).toMatchObject({ ANTHROPIC_API_KEY: CANARY, GH_TOKEN: 'a#b "c"' });
});

test('readCredentials names bad lines by number, and never shows one', async () => {
  const problem = await refusal(
    read(
      `${CANARY}\nGH_TOKEN="CANARY\nNPM_TOKEN=CANARY\nGH_TOKEN=a\nGH_TOKEN=CANARY\nANTHROPIC_API_KEY="a\u0007CANARY"`,
    ),
  );
  expect(problem.why?.split('\n').map((line) => line.replace(/^.*secrets\.env/, ''))).toEqual([
    ':1: not a line of the form NAME=value',
    ':2: the quotes of GH_TOKEN do not match',
    ':3: NPM_TOKEN is not known',
    ':5: GH_TOKEN a second time',
  ]);
});

test('readCredentials refuses values with control characters', async () => {
  expect((await refusal(read(undefined, { GH_TOKEN: 'CANARY\nX-Header: y' }))).message).toContain('GH_TOKEN');
  expect((await refusal(read('GH_TOKEN=CANARY\u0000x'))).message).toContain('GH_TOKEN');
});

test('readCredentials refuses a file that others can read or write', async () => {
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    const paths = home(`ANTHROPIC_API_KEY=${CANARY}`, mode);
    const problem = await refusal(readCredentials({ paths, owner: SELF, env: {}, keychain: NONE }));
    expect(problem.fix).toBe(`chmod 600 ${paths.secrets}`);
  }
});

test('readCredentials refuses a link, a folder and a pipe in place of the file, without waiting', async () => {
  const paths = home();
  writeFileSync(join(paths.home, 'elsewhere'), `GH_TOKEN=CANARY`, { mode: 0o600 });
  symlinkSync(join(paths.home, 'elsewhere'), paths.secrets);
  await refusal(readCredentials({ paths, owner: SELF, env: {}, keychain: NONE }));
  const pipe = home();
  Bun.spawnSync(['mkfifo', '-m', '600', pipe.secrets]);
  await refusal(readCredentials({ paths: pipe, owner: SELF, env: {}, keychain: NONE }));
  const folder = home();
  mkdirSync(folder.secrets);
  await refusal(readCredentials({ paths: folder, owner: SELF, env: {}, keychain: NONE }));
});

test('readCredentials refuses a file of another user', async () => {
  const paths = home(`GH_TOKEN=CANARY`);
  const owner = { uid: SELF.uid + 1, gid: SELF.gid };
  expect((await refusal(readCredentials({ paths, owner, env: {}, keychain: NONE }))).fix).toContain('chown');
  if (SELF.uid !== 0) return console.log('skipped in part: only root can give a file away');
  chownSync(paths.secrets, owner.uid, owner.gid);
  expect((await readCredentials({ paths, owner, env: {}, keychain: NONE })).variables.GH_TOKEN).toBe(
    'CANARY',
  );
});

test('renderEnvFile gives lines that a shell reads back to the very same value', () => {
  const value = `it's "q" $HOME \`id\` \\ $(id) ü #;&`;
  const text = renderEnvFile({ A: value, B_2: '' });
  const shell = Bun.spawnSync(['sh', '-c', 'set -a; . /dev/stdin; printf "%s|%s" "$A" "$B_2"'], {
    stdin: Buffer.from(text),
    timeout: 5000,
  });
  expect(shell.stdout.toString()).toBe(`${value}|`);
});

test('renderEnvFile refuses what is no single line, without showing it', () => {
  for (const value of ['CANARY\nB=2', 'CANARY\0', 'CANARY\r']) {
    expect(() => renderEnvFile({ A: value })).toThrow(/^the value of A is more than one line$/);
  }
  expect(() => renderEnvFile({ 'A=1\nCANARY': 'x' })).toThrow(/^not a name of a variable$/);
});

test('renderSecrets holds exactly one credential for the model', async () => {
  expect(renderSecrets(await read(`ANTHROPIC_API_KEY=${OAT}`))).toBe(`CLAUDE_CODE_OAUTH_TOKEN='${OAT}'\n`);
});
