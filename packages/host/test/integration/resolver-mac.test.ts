import { afterEach, beforeEach, expect } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RESOLVER } from '../support/mac/resolver.ts';
import { type StandIns, writeStandIns } from '../support/mac/stand-ins.ts';
import { getPackagesObstacle } from '../support/private-host.ts';
import { ADDRESS, createResolverHost, type ResolverHost } from '../support/resolver-host.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = process.getuid?.() === 0 ? getPackagesObstacle() : 'needs root';
const test = testUnless(reason ?? (Bun.which('dig') === null ? 'dig is not installed' : undefined));

const PRETEND = fileURLToPath(import.meta.resolve('../support/mac/pretend-darwin.ts'));
const MAIN = resolve(import.meta.dir, '../../src/main.ts');
const ZONES = ['cspace2.local', 'cspace.test'];

let host: ResolverHost;
let mac: StandIns;
let folder: string;
let before: string[];

beforeEach(async () => {
  if (reason !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'cspace-mac-'));
  mac = writeStandIns(folder, RESOLVER);
  // Where the program looks for them: its PATH is fixed.
  host = await createResolverHost({ setup: `mount --bind ${mac.folder} /usr/local/bin` });
  before = host.listEtc();
});
afterEach(async () => {
  await host?.dispose();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const cspace = (args: string[], home = host.home) =>
  host.run([process.execPath, '--preload', PRETEND, MAIN, ...args], {
    env: { CSPACE_HOME: home, HOME: dirname(home), PATH: `/usr/local/bin:${process.env.PATH}` },
  });
const json = async (args: string[]) => JSON.parse((await cspace([...args, '--json'])).stdout);
const at = (zone: string) => join(host.etc, 'resolver', zone);

async function startWithMercury() {
  await host.startDaemon();
  await host.put({});
}

test('dns install on a Mac: two files that anybody can read, by which names and wildcards resolve; uninstall leaves /etc as it was', async () => {
  await startWithMercury();
  const installed = await json(['dns', 'install', '--yes']);
  expect(installed).toMatchObject({
    changed: true,
    form: 'macos',
    wildcards: true,
    works: true,
    trouble: null,
  });
  expect(installed.tried).toContainEqual({
    name: 'any.mercury.shop.cspace2.local',
    expected: ADDRESS,
    address: ADDRESS,
  });
  for (const zone of ZONES) {
    expect(readFileSync(at(zone), 'utf8')).toMatch(/^nameserver 127\.0\.0\.1\nport 5354$/m);
    expect(statSync(at(zone)).mode & 0o777).toBe(0o644);
  }
  expect(mac.calls()).toContain('killall -HUP mDNSResponder');
  expect(await json(['dns', 'install', '--yes'])).toMatchObject({ changed: false });
  expect(await json(['dns', 'uninstall'])).toEqual({ changed: true });
  expect(host.listEtc()).toEqual(before);
});

test('dns install on a Mac asks first, and says each file', async () => {
  const { code, stderr } = await cspace(['dns', 'install']);
  expect(code).toBe(3);
  for (const zone of ZONES) expect(stderr).toContain(`a file /etc/resolver/${zone}`);
  expect(host.listEtc()).toEqual(before);
});

test('dns install on a Mac leaves a file of somebody else, and makes none', async () => {
  mkdirSync(join(host.etc, 'resolver'));
  writeFileSync(at('cspace.test'), 'nameserver 10.0.0.1\n');
  const there = host.listEtc();
  const { code, stderr } = await cspace(['dns', 'install', '--yes']);
  expect({ code, stderr }).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('is there, and not ours'),
  });
  expect(host.listEtc()).toEqual(there);
});

test('dns uninstall on a Mac keeps what others have in /etc/resolver', async () => {
  mkdirSync(join(host.etc, 'resolver'));
  writeFileSync(at('corp.example'), 'nameserver 10.0.0.1\n');
  const there = host.listEtc();
  await json(['dns', 'install', '--yes']);
  expect(existsSync(at('cspace.test'))).toBe(true);
  await json(['dns', 'uninstall']);
  expect(host.listEtc()).toEqual(there);
});

test('dns status on a Mac names a file that was changed, one that macOS does not take, and a name that is not found', async () => {
  await startWithMercury();
  await json(['dns', 'install', '--yes']);
  writeFileSync(mac.file('deaf'), '');
  expect(await json(['dns', 'status'])).toMatchObject({
    works: false,
    trouble: { why: expect.stringContaining('macOS does not ask'), fix: 'sudo killall -HUP mDNSResponder' },
  });
  rmSync(mac.file('deaf'));
  writeFileSync(at('cspace.test'), 'nameserver 127.0.0.1\nport 1\n');
  expect(await json(['dns', 'status'])).toMatchObject({
    trouble: { why: '/etc/resolver/cspace.test is not as it was written', fix: 'cspace dns install' },
  });
});

test('dns install --form hosts on a Mac is refused with the form that is', async () => {
  const { code, stderr } = await cspace(['dns', 'install', '--yes', '--form', 'hosts']);
  expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('--form macos') });
});

test('dns install on a Mac of a second home: exit 5 with the name of the first', async () => {
  await json(['dns', 'install', '--yes']);
  const { code, stderr } = await cspace(['dns', 'install', '--yes'], host.makeHome('other'));
  expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining(host.home) });
});

test('doctor on a Mac sees that names resolve, and refuses a host without Apple’s container', async () => {
  await startWithMercury();
  await json(['dns', 'install', '--yes']);
  const { stdout, code } = await cspace(['doctor', '--json']);
  expect(code).toBe(3);
  expect(JSON.parse(stdout).findings).toContainEqual({
    ok: true,
    what: "names of sandboxes resolve in this host's own programs",
  });
});
