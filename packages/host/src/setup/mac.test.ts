import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeStandIns } from '../../test/support/mac/stand-ins.ts';
import { probeMac } from './mac.ts';
import { probeReach } from './reach.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-mac-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const signal = AbortSignal.timeout(60_000);

/** A Mac by what its own programs say; `translated`: 0 or 1, or nothing where the kernel does not know the name. */
function probe(mac: { version: string; kernel: string; translated?: string }, arch = 'arm64') {
  const { path } = writeStandIns(folder, {
    sw_vers: `[ "$1" = -productVersion ] && echo ${mac.version}`,
    uname: `[ "$1" = -r ] && echo ${mac.kernel}`,
    sysctl: mac.translated
      ? `[ "$*" = "-n sysctl.proc_translated" ] && echo ${mac.translated}`
      : 'echo "sysctl: unknown oid \'$2\'" >&2; exit 1',
  });
  return probeMac({ arch, path, signal });
}

test('probeMac: macOS 26 with Apple silicon', async () =>
  expect(await probe({ version: '26.1', kernel: '25.1.0', translated: '0' })).toEqual({
    ok: true,
    what: 'macOS 26.1',
  }));
test('probeMac: macOS 15 is refused with the reason and what to do', async () =>
  expect(await probe({ version: '15.6', kernel: '24.6.0', translated: '0' })).toMatchObject({
    ok: false,
    what: 'this macOS is older than 26 (macOS 15.6)',
    why: expect.stringContaining('do not reach each other'),
    fix: expect.stringContaining('Software Update'),
  }));
test('probeMac: Intel is refused, and there is nothing to do', async () =>
  expect(await probe({ version: '26.0', kernel: '25.0.0' }, 'x64')).toEqual({
    ok: false,
    what: 'this Mac has an Intel processor (macOS 26.0)',
    why: expect.stringContaining('Apple silicon only'),
  }));
test('probeMac: a program for Intel on Apple silicon is told to be the other build', async () =>
  expect(await probe({ version: '26.0', kernel: '25.0.0', translated: '1' }, 'x64')).toMatchObject({
    what: expect.stringContaining('built for Intel'),
    fix: expect.stringContaining('arch -arm64'),
  }));

test('probeReach asks nothing on a host that is no Mac', async () =>
  expect(await probeReach({ address: '127.0.0.1', platform: 'linux', signal })).toBeUndefined());
test('probeReach: a machine where nobody listens is reached all the same', async () =>
  expect(await probeReach({ address: '127.0.0.1', platform: 'darwin', path: folder, signal })).toMatchObject({
    ok: true,
  }));
