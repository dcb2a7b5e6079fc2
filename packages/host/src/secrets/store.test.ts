import { expect, test } from 'bun:test';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECURITY } from '../../test/support/mac/security.ts';
import { type StandIns, writeStandIns } from '../../test/support/mac/stand-ins.ts';
import { makePaths, SELF, useTempFolder } from '../git/testing.ts';
import { readCredentials } from '../sandbox/provision/credentials.ts';
import { readKeychain } from './keychain.ts';
import { parseSecrets, setSecret } from './secrets-file.ts';
import { openSecretsStore } from './store.ts';

const temp = useTempFolder();

function makeHost(platform: NodeJS.Platform) {
  const folder = temp();
  const mac: StandIns = writeStandIns(folder, { security: SECURITY });
  const paths = makePaths(folder);
  mkdirSync(paths.home, { recursive: true });
  const options = { path: mac.path, platform, homeLabel: '0123456789ab', paths, owner: SELF };
  const getVariables = async (env = {}) =>
    (await readCredentials({ paths, owner: SELF, env, keychain: () => readKeychain(options) })).variables;
  return { mac, paths, options, store: openSecretsStore(options), getVariables };
}

test('openSecretsStore on macOS: set is in the keychain alone, and what up gives a sandbox', async () => {
  const { store, paths, getVariables } = makeHost('darwin');
  await store.set('ANTHROPIC_API_KEY', 'sk-ant-api03-x');
  expect(await getVariables()).toEqual({ ANTHROPIC_API_KEY: 'sk-ant-api03-x' });
  expect(() => statSync(paths.secrets)).toThrow();
  expect(await store.list()).toEqual([
    { from: 'the keychain', values: { ANTHROPIC_API_KEY: 'sk-ant-api03-x' } },
    { from: paths.secrets, values: {} },
  ]);
});

test('readCredentials: the environment goes before the keychain, and that before secrets.env', async () => {
  const { store, paths, getVariables } = makeHost('darwin');
  writeFileSync(paths.secrets, 'ANTHROPIC_API_KEY=of-the-file\nGH_TOKEN=of-the-file\n', { mode: 0o600 });
  await store.set('ANTHROPIC_API_KEY', 'of-the-keychain');
  expect(await getVariables()).toMatchObject({
    ANTHROPIC_API_KEY: 'of-the-keychain',
    GH_TOKEN: 'of-the-file',
  });
  expect(await getVariables({ ANTHROPIC_API_KEY: 'given' })).toMatchObject({ ANTHROPIC_API_KEY: 'given' });
});

test('readKeychain: another home has other items, and a locked keychain is a problem that says how to open it', async () => {
  const { store, mac, options } = makeHost('darwin');
  await store.set('GH_TOKEN', 'CANARY');
  expect(await readKeychain({ ...options, homeLabel: 'ba9876543210' })).toEqual({});
  writeFileSync(mac.file('locked'), '');
  const problem = await readKeychain(options).catch((error) => error.problem);
  expect(problem).toMatchObject({ code: 'credentials-invalid', fix: 'security unlock-keychain' });
  expect(JSON.stringify(problem)).not.toContain('CANARY');
});

test('readKeychain asks nothing on a host that is no Mac', async () => {
  const { options, mac } = makeHost('linux');
  expect(await readKeychain(options)).toEqual({});
  expect(mac.calls()).toEqual([]);
});

test('openSecretsStore on Linux: set is in secrets.env, 0600, and leaves what others wrote there', async () => {
  const { store, paths, getVariables } = makeHost('linux');
  writeFileSync(paths.secrets, '# mine\nexport GH_TOKEN="old"\n', { mode: 0o600 });
  await store.set('GH_TOKEN', 'new');
  await store.set('ANTHROPIC_MODEL', 'opus');
  expect(readFileSync(paths.secrets, 'utf8')).toBe("# mine\nGH_TOKEN='new'\nANTHROPIC_MODEL='opus'\n");
  expect(statSync(paths.secrets).mode & 0o777).toBe(0o600);
  expect(await getVariables()).toMatchObject({ GH_TOKEN: 'new' });
});

test('openSecretsStore: remove takes it from wherever it is, and says whether it was anywhere', async () => {
  const { store, paths } = makeHost('darwin');
  writeFileSync(paths.secrets, 'GH_TOKEN=x\n', { mode: 0o600 });
  await store.set('GH_TOKEN', 'y');
  expect(await store.remove('GH_TOKEN')).toBe(true);
  expect((await store.list()).flatMap(({ values }) => Object.keys(values))).toEqual([]);
  expect(await store.remove('GH_TOKEN')).toBe(false);
});

test('setSecret: what it writes parseSecrets reads back', () => {
  const text = setSecret('A=b\n# c\n', 'GH_TOKEN', 'a#b "c"');
  expect(parseSecrets(text.replace('A=b\n', ''), join('x'))).toEqual({ GH_TOKEN: 'a#b "c"' });
});
