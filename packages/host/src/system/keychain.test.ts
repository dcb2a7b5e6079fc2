import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECURITY } from '../../test/support/mac/security.ts';
import { type StandIns, writeStandIns } from '../../test/support/mac/stand-ins.ts';
import {
  getWriteLine,
  KeychainError,
  readKeychainItem,
  removeKeychainItem,
  writeKeychainItem,
} from './keychain.ts';

const ITEM = { service: 'dev.cspace.0123456789ab', account: 'GH_TOKEN' };
const CANARY = `ghp_CANARY "it's" \\ $HOME;x`;

let folder: string;
let mac: StandIns;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-keychain-'));
  mac = writeStandIns(folder, { security: SECURITY });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = () => readKeychainItem(ITEM, mac);
const write = (value: string) => writeKeychainItem(ITEM, value, mac);

test('readKeychainItem: nothing there is undefined', async () => expect(await read()).toBeUndefined());

test('writeKeychainItem: the very value comes back, also in the place of another one', async () => {
  await write('old');
  await write(CANARY);
  expect(await read()).toBe(CANARY);
});

test('fault-23: writeKeychainItem puts no value on a command line', async () => {
  await write(CANARY);
  expect(mac.calls()).toContain('security -i');
  const all = mac.calls().join('\n');
  expect(all).not.toContain('CANARY');
  expect(all).not.toContain(Buffer.from(CANARY).toString('hex'));
});

test('writeKeychainItem refuses what security(1) would cut, before it is asked', async () => {
  await expect(write('x'.repeat(2100))).rejects.toThrow(RangeError);
  expect(mac.calls()).toEqual([]);
});

test('a locked keychain is an error with the words of security(1), for reading and for writing', async () => {
  await write(CANARY);
  writeFileSync(mac.file('locked'), '');
  for (const asked of [read(), write('new')]) {
    const error = await asked.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(KeychainError);
    expect(String(error)).toContain('User interaction is not allowed');
  }
});

test('writeKeychainItem believes what it reads back, not the exit code of security -i', async () => {
  const deaf = writeStandIns(join(folder, 'deaf'), { security: '[ "$1" = -i ] && exit 0; exit 44' });
  await expect(writeKeychainItem(ITEM, 'x', deaf)).rejects.toThrow(KeychainError);
});

test('writeKeychainItem: words on stderr are no failure where the value is there', async () => {
  const chatty = writeStandIns(join(folder, 'chatty'), { security: `echo 'some warning' >&2\n${SECURITY}` });
  await writeKeychainItem(ITEM, 'x', chatty);
  expect(await readKeychainItem(ITEM, chatty)).toBe('x');
});

test('removeKeychainItem: true, then false', async () => {
  await write('x');
  expect(await removeKeychainItem(ITEM, mac)).toBe(true);
  expect(await removeKeychainItem(ITEM, mac)).toBe(false);
});

test('readKeychainItem where there is no security(1): an error', async () => {
  await expect(readKeychainItem(ITEM, { path: folder })).rejects.toThrow('security(1) is not there');
});

test('getWriteLine: hexadecimal, and no name that a parser could take apart', () => {
  expect(getWriteLine(ITEM, 'a"b')).toBe(
    'add-generic-password -U -s dev.cspace.0123456789ab -a GH_TOKEN -X 612262\n',
  );
  expect(() => getWriteLine({ ...ITEM, account: 'a b' }, 'x')).toThrow(TypeError);
});
