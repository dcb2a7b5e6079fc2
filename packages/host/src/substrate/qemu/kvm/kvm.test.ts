import { expect, test } from 'bun:test';
import { chmod, chown, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testUnless } from '../../../../test/support/test-unless.ts';
import { type KvmOptions, probeKvm } from './kvm.ts';
import { createStandIn, type StandIn } from './testing.ts';

const testAsRoot = testUnless(process.getuid?.() === 0 ? undefined : 'only root keeps the answer');
const never = new AbortController().signal;

const probe = ({ qemu, root, store }: StandIn, change: Partial<KvmOptions> = {}) =>
  probeKvm({ qemu: { path: qemu, version: '7.2.0' }, root, store, signal: never, ...change });
const count = async (host: StandIn) => (await host.pids()).length;

test('probeKvm: yes where a guest runs', async () => {
  await using host = await createStandIn('runs');
  expect(await probe(host)).toEqual({ works: 'yes', group: undefined });
});

test('probeKvm: without QEMU the flags and /dev/kvm decide, and nothing is started', async () => {
  await using host = await createStandIn('runs');
  expect(await probe(host, { qemu: undefined })).toMatchObject({ works: 'untried' });
  await rm(join(host.root, 'dev/kvm'));
  expect(await probe(host, { qemu: undefined })).toMatchObject({ works: 'no', why: 'there is no /dev/kvm' });
  expect(await probe(host)).toMatchObject({ works: 'no' });
  expect(await count(host)).toBe(0);
});

testAsRoot(
  'probeKvm asks once for a boot, a QEMU and its version, and never for a signal that came',
  async () => {
    await using host = await createStandIn('runs');
    const aborted = AbortSignal.abort();
    expect((await probe(host, { signal: aborted })).works).toBe('no');
    await rm(host.store, { recursive: true, force: true });
    const before = await count(host);
    for (const _ of [1, 2, 3]) expect((await probe(host)).works).toBe('yes');
    expect(await count(host)).toBe(before + 1);
    await host.use('silent');
    expect((await probe(host)).works).toBe('yes');
    const other = { path: host.qemu, version: '10.0.0' };
    expect((await probe(host, { qemu: other })).works).toBe('no');
    expect(await count(host)).toBe(before + 2);
    const path = join(host.store, 'kvm.json');
    const answer = {
      ...JSON.parse(await readFile(path, 'utf8')),
      bootId: 'another',
      version: '7.2.0',
      ran: true,
    };
    await writeFile(path, JSON.stringify(answer));
    expect((await probe(host)).works).toBe('no');
  },
);

testAsRoot('probeKvm keeps a no as well, with its reason, until it is told to try again', async () => {
  await using host = await createStandIn('refuses');
  for (const _ of [1, 2])
    expect(await probe(host)).toMatchObject({
      works: 'no',
      why: expect.stringContaining('Permission denied'),
      fix: expect.stringContaining('cspace setup --substrate qemu'),
    });
  expect(await count(host)).toBe(1);
  await host.use('runs');
  expect((await probe(host)).works).toBe('no');
  expect((await probe(host, { again: true })).works).toBe('yes');
  // A yes is not tried again.
  await host.use('refuses');
  expect((await probe(host, { again: true })).works).toBe('yes');
});

testAsRoot('probeKvm: what is kept is for all to read and for root to write', async () => {
  await using host = await createStandIn('runs');
  await probe(host);
  const path = join(host.store, 'kvm.json');
  expect([(await stat(host.store)).mode & 0o777, (await stat(path)).mode & 0o777]).toEqual([0o755, 0o644]);
  await host.use('silent');
  // Somebody else's file, and one that is no answer, are as good as none.
  await chown(path, 1501, 1501);
  expect((await probe(host)).works).toBe('no');
  await writeFile(path, '{"v":1,"ran":true}');
  await chown(path, 0, 0);
  await chmod(path, 0o644);
  await host.use('runs');
  expect((await probe(host)).works).toBe('yes');
});

testAsRoot('probeKvm: a no by time-out is not for ever: the host may only have been busy', async () => {
  await using host = await createStandIn('sleeps');
  expect((await probe(host)).works).toBe('no');
  await host.use('runs');
  expect((await probe(host)).works).toBe('no');
  const path = join(host.store, 'kvm.json');
  const answer = JSON.parse(await readFile(path, 'utf8'));
  expect(answer.until).toBeGreaterThan(Date.now());
  await writeFile(path, JSON.stringify({ ...answer, until: Date.now() - 1 }));
  expect((await probe(host)).works).toBe('yes');
});
