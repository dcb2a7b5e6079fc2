import { expect, test } from 'bun:test';
import { chmod, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createAccel } from './accel.ts';
import { createStandIn, STAND_INS } from './kvm/testing.ts';

const signal = AbortSignal.timeout(20_000);

/** A host whose QEMU also tells its version. */
async function createHost(script: keyof typeof STAND_INS) {
  const host = await createStandIn(script);
  const program = join(host.folder, 'qemu-system-x86_64');
  const use = async (name: keyof typeof STAND_INS, version: string) => {
    const tell = `[ "$1" = --version ] && { echo 'QEMU emulator version ${version}'; exit; }`;
    await Bun.write(program, `#!/bin/sh\n${tell}\n${STAND_INS[name]}\n`);
    await chmod(program, 0o755);
  };
  await use(script, '7.2.0');
  const getAccel = createAccel({ path: host.folder, store: host.store, root: host.root });
  return Object.assign(host, { change: use, getAccel: () => getAccel(signal) });
}

test('createAccel: KVM once a guest has run, and for good', async () => {
  await using host = await createHost('runs');
  expect(await host.getAccel()).toBe('kvm');
  await host.change('silent', '9.0.0');
  expect(await host.getAccel()).toBe('kvm');
});

test('createAccel: emulation where no guest runs, until another QEMU runs one', async () => {
  await using host = await createHost('silent');
  expect([await host.getAccel(), await host.getAccel()]).toEqual(['tcg', 'tcg']);
  await host.change('runs', '9.0.0');
  expect(await host.getAccel()).toBe('kvm');
});

test('createAccel: emulation without /dev/kvm, and KVM when it comes', async () => {
  await using host = await createHost('runs');
  const [device, away] = [join(host.root, 'dev/kvm'), join(host.root, 'dev/away')];
  await rename(device, away);
  expect(await host.getAccel()).toBe('tcg');
  await symlink(away, device);
  expect(await host.getAccel()).toBe('kvm');
  await rm(device);
});
