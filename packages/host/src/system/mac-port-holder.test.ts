import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeStandIns } from '../../test/support/mac/stand-ins.ts';
import { findMacPortHolder, parseLsof } from './mac-port-holder.ts';

/** As `lsof -F pcLn` prints it. */
const LSOF =
  'p99\ncother\nLroot\nf3\nn10.0.0.5:5354\np123\ncdnsmasq\nLada\nf4\nn[::1]:5354\nf5\nn127.0.0.1:5354\n';
const AT = { protocol: 'udp', address: '127.0.0.1', port: 5354 } as const;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-lsof-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('parseLsof: the process that has the address, or all of them', () => {
  const dnsmasq = { user: 'ada', process: { program: 'dnsmasq', pid: 123 } };
  expect(parseLsof(LSOF, AT)).toEqual(dnsmasq);
  expect(parseLsof(LSOF.replace('127.0.0.1:5354', '*:5354'), AT)).toEqual(dnsmasq);
  expect(parseLsof(LSOF, { ...AT, port: 535 })).toBeUndefined();
});
test('findMacPortHolder asks lsof for that port alone, of TCP for those who listen', async () => {
  const mac = writeStandIns(folder, { lsof: `printf '${LSOF.replaceAll('\n', '\\n')}'; exit 1` });
  expect((await findMacPortHolder(AT, mac.path)).process?.pid).toBe(123);
  await findMacPortHolder({ ...AT, protocol: 'tcp' }, mac.path);
  expect(mac.calls()).toEqual(['lsof -nP -iUDP:5354 -F pcLn', 'lsof -nP -iTCP:5354 -sTCP:LISTEN -F pcLn']);
});
test('findMacPortHolder: whom lsof does not show is somebody', async () => {
  const mac = writeStandIns(folder, { lsof: 'exit 1' });
  expect(await findMacPortHolder(AT, mac.path)).toEqual({ user: 'root, or another one', process: undefined });
});
