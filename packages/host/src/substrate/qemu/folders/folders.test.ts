import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { probeOpenFiles } from './probe.ts';
import { getShareArgv } from './share-argv.ts';
import { findVirtiofsd, getVirtiofsdArgv, parseVirtiofsdVersion } from './virtiofsd.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cspace-virtiofsd-'));
});
afterEach(() => rmSync(root, { recursive: true }));
const signal = () => AbortSignal.timeout(10_000);

function plant(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}
const plantProgram = (path: string, says: string) => plant(path, `#!/bin/sh\necho '${says}'\n`);

test.each([
  ['virtiofsd version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright (c)', 'c', '7.2.22'],
  ['virtiofsd 1.13.2\n', 'rust', '1.13.2'],
] as const)('parseVirtiofsdVersion: %j', (text, kind, version) =>
  expect(parseVirtiofsdVersion(text)).toEqual({ kind, version }),
);
test('parseVirtiofsdVersion: undefined where it is something else', () =>
  expect(parseVirtiofsdVersion('qemu 7')).toBeUndefined());

test('findVirtiofsd: where distributions have it, the later kind first, and PATH before all', async () => {
  expect(await findVirtiofsd('', signal(), root)).toBeUndefined();
  const old = plantProgram('usr/lib/qemu/virtiofsd', 'virtiofsd version 7.2.1');
  expect(await findVirtiofsd('', signal(), root)).toEqual({ argv: [old], kind: 'c', version: '7.2.1' });
  const later = plantProgram('usr/libexec/virtiofsd', 'virtiofsd 1.13.2');
  expect(await findVirtiofsd('', signal(), root)).toEqual({ argv: [later], kind: 'rust', version: '1.13.2' });
  const own = plantProgram('own/virtiofsd', 'virtiofsd 2.0.0');
  expect((await findVirtiofsd(dirname(own), signal(), root))?.argv).toEqual([own]);
});

test('getVirtiofsdArgv: sandboxed by namespaces, limits left alone, the socket handed over', () => {
  const c = getVirtiofsdArgv({ argv: ['/v'], kind: 'c', version: '7.2' }, '/s', 3).join(' ');
  const rust = getVirtiofsdArgv({ argv: ['/v'], kind: 'rust', version: '1' }, '/s', 3).join(' ');
  for (const argv of [c, rust]) {
    expect(argv).toStartWith('/v --fd=3 --rlimit-nofile=0 ');
    expect(argv).toContain('sandbox=namespace');
    expect(argv).toContain('announce');
    expect(argv).not.toContain('socket-path');
  }
});
test('getShareArgv: paths are arguments, never text for a shell', () => {
  const source = '/home/a "da"/$(x), y';
  const argv = getShareArgv({
    mounts: [
      { source, readOnly: true },
      { source: '/b', readOnly: false },
    ],
    folder: '/m',
    openFiles: 4096,
    server: ['/v'],
  });
  expect(argv.slice(0, 2)).toEqual(['prlimit', '--nofile=4096:4096']);
  expect(argv.slice(argv.indexOf('/m'), argv.indexOf('--'))).toEqual(['/m', 'ro', source, 'rw', '/b']);
  expect(argv.at(-1)).toBe('/v');
  expect(argv.filter((part) => part.includes(source))).toHaveLength(1);
});

const plantLimits = (hard: number, capabilities: string) => {
  plant('proc/self/status', `CapBnd:\t${capabilities}\n`);
  plant('proc/self/limits', `Max open files            1024                 ${hard}                files\n`);
  plant('proc/sys/fs/nr_open', '1048576\n');
  plant('proc/sys/fs/file-max', '2466160\n');
};
test('trap-39: probeOpenFiles: a low limit that cannot be raised is a note, with what mends it', async () => {
  plantLimits(20_000, '0');
  expect(await probeOpenFiles(root)).toMatchObject({
    ok: false,
    optional: true,
    what: expect.stringContaining('only 20000 files'),
    fix: expect.stringContaining('"volumes"'),
  });
});
test('trap-39: probeOpenFiles: as many as the host gives root', async () => {
  plantLimits(20_000, '000001ffffffffff');
  expect(await probeOpenFiles(root)).toMatchObject({
    ok: true,
    what: expect.stringContaining('1048576 files'),
  });
});
