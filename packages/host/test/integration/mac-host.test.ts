import { afterEach, beforeEach, expect } from 'bun:test';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listKinds } from '../../src/substrate/select.ts';
import { createPretendedHost, type PretendedHost } from '../support/mac/pretended-host.ts';
import { testUnless } from '../support/test-unless.ts';
import { waitUntil } from '../support/world.ts';

const reason = process.getuid?.() === 0 ? undefined : 'needs root';
const test = testUnless(reason);
const testApple = testUnless(
  reason ?? (listKinds('darwin/arm64').length === 0 ? 'machines of Apple are to come' : undefined),
);

/** Apple's `container`, as far as its service goes: `$state/started` is there once it was started. */
const CONTAINER = `
case "$*" in
  --version) echo 'container CLI version 1.2.2 (build: release, commit: abcdefg)' ;;
  'system status --format json')
    if [ -f "$state/started" ]; then echo '{"status":"running"}'; else echo '{"status":"unregistered"}'; exit 1; fi ;;
  'system start --enable-kernel-install') echo 'Installing kernel...' >&2; touch "$state/started" ;;
  'system start') echo 'Error: failed to read user input' >&2; exit 1 ;;
  'ls --all --format json') [ -f "$state/started" ] && echo '[]' ;;
  *) [ -f "$state/started" ] || {
       echo 'Error: interrupted: "XPC connection error: Ensure container system service has been started with \`container system start\`"' >&2
       exit 1
     }
     echo "Error: unknown option '$1'" >&2; exit 64 ;;
esac`;
const MAC = { sw_vers: 'echo 26.1', uname: 'echo 25.1.0', sysctl: 'echo 0' };

let host: PretendedHost;
beforeEach(() => {
  host = undefined as never;
});
afterEach(() => host?.dispose());

const START = 'container system start --enable-kernel-install';
const readPid = () => Number(readFileSync(join(host.home, '.cspace/daemon.lock'), 'utf8'));

test('the daemon on a Mac: the user’s own, in a session of its own, there until it is told to leave', async () => {
  host = await createPretendedHost({ ...MAC, container: CONTAINER });
  writeFileSync(host.mac.file('started'), '');
  expect(await host.cspace(['ls', '--json'])).toMatchObject({ code: 0, stdout: '{"sandboxes":[]}\n' });
  const pid = readPid();
  const [, , , , , session] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, 'x x ')
    .split(' ');
  expect(Number(session)).toBe(pid);
  expect(statSync(`/proc/${pid}`).uid).toBe(statSync(host.home).uid);
  const socket = statSync(join(host.home, '.cspace/daemon.sock'));
  expect([socket.mode & 0o777, socket.uid]).toEqual([0o600, statSync(host.home).uid]);
  expect(await host.cspace(['daemon', 'stop'])).toMatchObject({ code: 0 });
  await waitUntil('it has left', () => !existsSync(`/proc/${pid}`));
  const log = readFileSync(join(host.home, '.cspace/daemon.log'), 'utf8');
  expect(log.split('\n').filter((line) => line.includes('"error"'))).toEqual([]);
});

test('no command that needs the daemon works on a Mac as root, on Intel or before macOS 26', async () => {
  host = await createPretendedHost({ ...MAC, container: CONTAINER });
  for (const [options, message] of [
    [{ root: true }, 'nothing of cspace runs as root'],
    [{ env: { PRETEND_ARCH: 'x64' } }, 'built for Intel'],
    [{ env: { PRETEND_RELEASE: '24.6.0' } }, 'older than 26'],
  ] as const) {
    const { code, stderr } = await host.cspace(['ls'], options);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining(message) });
  }
  expect(existsSync(join(host.home, '.cspace/daemon.sock'))).toBe(false);
});

testApple('doctor and setup on a Mac: without container, with it stopped, started', async () => {
  host = await createPretendedHost(MAC);
  const doctor = async () => {
    const { code, stdout } = await host.cspace(['doctor', '--json']);
    const { findings, substrate } = JSON.parse(stdout);
    return {
      code,
      substrate,
      missing: findings.flatMap((found: { ok: boolean; what: string }) => (found.ok ? [] : [found.what])),
    };
  };
  expect(await doctor()).toEqual({
    code: 3,
    substrate: 'apple',
    missing: ["Apple's container is not installed"],
  });
  await host.dispose();
  host = await createPretendedHost({ ...MAC, container: CONTAINER });
  expect(await doctor()).toMatchObject({ code: 3, missing: [expect.stringContaining('service')] });
  expect(await host.cspace(['setup'])).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('cspace setup --substrate apple --yes'),
  });
  const { code, stdout } = await host.cspace(['setup', '--yes', '--json']);
  expect({ code, ...JSON.parse(stdout) }).toEqual({
    code: 0,
    changed: true,
    command: START,
    substrate: 'apple',
  });
  expect(host.mac.calls()).toContain(START);
  expect(await doctor()).toEqual({ code: 0, substrate: 'apple', missing: [] });
});
