import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { testUnless } from '../../../../test/support/test-unless.ts';
import { runGuest } from './run-guest.ts';
import { createStandIn, type STAND_INS } from './testing.ts';

const testAsRoot = testUnless(process.getuid?.() === 0 ? undefined : 'only root can become another user');
const never = new AbortController().signal;

/** Runs the script in QEMU's place; then nothing of it may be there. */
async function run(script: keyof typeof STAND_INS, signal = never) {
  await using host = await createStandIn(script);
  const result = await runGuest({ qemu: host.qemu, accelerator: 'kvm', deadlineMs: 700, signal });
  const pids = await host.pids();
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  return { ...result, started: pids.length };
}

test.each([
  ['runs', { ran: true }],
  ['aborts', { ran: false, why: 'qemu: error: failed to set MSR 0x48' }],
  ['refuses', { ran: false, why: 'Could not access KVM kernel module: Permission denied' }],
  ['silent', { ran: false, why: 'QEMU ended with 0, and the guest had not come to its end' }],
  ['saysOnly', { ran: false }],
] as const)('runGuest: a guest that %s', async (script, expected) =>
  expect(await run(script)).toMatchObject({ ...expected, started: 1 }),
);

test.each(['spins', 'sleeps'] as const)(
  'runGuest: one that %s is killed at the deadline, and nothing of it is left',
  async (script) =>
    expect(await run(script)).toMatchObject({
      ran: false,
      why: 'the guest did nothing within 0.7 seconds; QEMU was killed',
      started: 1,
    }),
);

test('runGuest: one that spins is killed at once where the caller gives up', async () => {
  const start = performance.now();
  await using host = await createStandIn('spins');
  const abort = new AbortController();
  const running = runGuest({ qemu: host.qemu, accelerator: 'kvm', deadlineMs: 60_000, signal: abort.signal });
  while ((await host.pids()).length === 0) await Bun.sleep(10);
  abort.abort();
  expect(await running).toMatchObject({ ran: false });
  expect(performance.now() - start).toBeLessThan(15_000);
  expect(existsSync(`/proc/${(await host.pids())[0]}`)).toBe(false);
});

test('runGuest: one that spins does not outlive a cspace that was killed', async () => {
  await using host = await createStandIn('spins');
  const options = `{ qemu: '${host.qemu}', accelerator: 'kvm', deadlineMs: 60_000, signal: new AbortController().signal }`;
  const script = `import { runGuest } from '${import.meta.dir}/run-guest.ts'; await runGuest(${options})`;
  const child = Bun.spawn([process.execPath, '-e', script], { timeout: 30_000 });
  while ((await host.pids()).length === 0) await Bun.sleep(10);
  const [pid = 0] = await host.pids();
  child.kill('SIGKILL');
  await child.exited;
  const isRunning = () =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  const deadline = performance.now() + 5000;
  while (isRunning() && performance.now() < deadline) await Bun.sleep(10);
  expect(isRunning()).toBe(false);
});

testAsRoot(
  'runGuest: QEMU is a user of its own, without rights, in the group of /dev/kvm at most',
  async () => {
    await using host = await createStandIn('tells');
    const tell = async (group?: number) => {
      const result = await runGuest({ qemu: host.qemu, accelerator: 'kvm', group, signal: never });
      return result.ran ? '' : result.why;
    };
    const none = 'CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1';
    const ids = 'Uid: 362144 362144 362144 362144';
    expect(await tell()).toBe(`${ids} Groups: ${none}`);
    expect(await tell(4242)).toBe(`${ids} Groups: 4242 ${none}`);
  },
);

test('runGuest: a QEMU that is not there is a reason, not an exception', async () =>
  expect(await runGuest({ qemu: '/no/such/qemu', accelerator: 'kvm', signal: never })).toMatchObject({
    ran: false,
    why: expect.stringContaining('/no/such/qemu'),
  }));
