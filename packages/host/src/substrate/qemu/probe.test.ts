import { expect, test } from 'bun:test';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Probe } from '../substrate.ts';
import { createStandIn, STAND_INS, type StandIn } from './kvm/testing.ts';
import { getTemplatesFindings, probeQemu } from './probe.ts';
import { getVirtiofsdPackage } from './virtiofsd-package.ts';

const BUILDER: Probe = {
  usable: true,
  version: '4.3.1',
  native: 'yes',
  findings: [
    { ok: true, what: 'podman 4.3.1' },
    { ok: true, what: 'nft' },
  ],
};
const PROGRAMS = 'virtiofsd mkfs.erofs mkfs.ext4 ssh ssh-keygen ip nft setpriv unshare nsenter'.split(' ');

/** A host that has everything, on a PATH of its own. */
async function createHost(version = '7.2.22'): Promise<StandIn & { path: string }> {
  const host = await createStandIn('runs');
  const path = join(host.folder, 'bin');
  await mkdir(path);
  const qemu = `#!/bin/sh\n[ "$1" = --version ] && { echo 'QEMU emulator version ${version} (Debian)'; exit; }\n${STAND_INS.runs}\n`;
  await writeFile(join(path, 'qemu-system-x86_64'), qemu);
  for (const name of PROGRAMS) await writeFile(join(path, name), '#!/bin/sh\n');
  for (const name of ['qemu-system-x86_64', ...PROGRAMS]) await chmod(join(path, name), 0o755);
  return Object.assign(host, { path });
}

/** What the probe says; `without` are programs that the host lacks. */
async function probe(without: string[] = [], { builder = BUILDER, version = '7.2.22', device = true } = {}) {
  await using host = await createHost(version);
  for (const name of without) await rm(join(host.path, name));
  if (!device) await rm(join(host.root, 'dev/kvm'));
  await mkdir(join(host.root, 'etc'));
  await writeFile(join(host.root, 'etc/os-release'), 'ID=debian\nVERSION_ID="13"\n');
  const { path, root, store } = host;
  return await probeQemu({ path, root, store, builder, signal: AbortSignal.timeout(20_000) });
}

test('probeQemu: a host with everything, KVM included, is usable', async () => {
  const found = await probe();
  expect(found).toMatchObject({ usable: true, version: '7.2.22', native: 'yes' });
  expect(found.findings.filter(({ ok }) => !ok)).toEqual([]);
  const said = found.findings.map(({ what }) => what);
  expect(said).toContain('KVM: a guest ran');
  // What both the builder and we want is said once.
  expect(said.filter((what) => what === 'nft')).toHaveLength(1);
});

test('probeQemu: without KVM it is usable, and a note says that it is slow, and why', async () => {
  const found = await probe([], { device: false });
  expect(found).toMatchObject({ usable: true, native: 'no' });
  expect(found.findings[0]).toMatchObject({
    ok: false,
    optional: true,
    what: 'no KVM: machines of qemu are emulated, which is slow',
    why: 'there is no /dev/kvm',
  });
});

test.each([
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['virtiofsd', 'virtiofsd'],
  ['mkfs.erofs', 'erofs-utils'],
  ['mkfs.ext4', 'e2fsprogs'],
  ['ssh', 'openssh-client'],
  ['ssh-keygen', 'openssh-client'],
  ['ip', 'iproute2'],
  ['nft', 'nftables'],
  ['setpriv', 'util-linux'],
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
])('probeQemu: without %s it is not usable, and names the package %s', async (name, pkg) => {
  const { usable, findings } = await probe([name]);
  const missing = findings.filter(({ ok, optional }) => !ok && !optional);
  expect({ usable, missing }).toMatchObject({
    usable: false,
    missing: [{ what: `${name} is not installed`, packages: [pkg], fix: 'cspace setup --substrate qemu' }],
  });
});

test('probeQemu: an old QEMU is not usable, with the reason', async () => {
  const { usable, findings } = await probe([], { version: '6.2.0' });
  expect(usable).toBe(false);
  expect(findings.find(({ ok }) => !ok)).toMatchObject({ what: 'qemu-system-x86_64 6.2.0 is too old' });
});

test('probeQemu: a builder that is not usable makes no images, so there are no machines', async () => {
  const builder = { ...BUILDER, usable: false, findings: [{ ok: false, what: 'crun is not installed' }] };
  const { usable, findings } = await probe([], { builder });
  expect([usable, findings.at(-1)?.what]).toEqual([false, 'crun is not installed']);
});

test('probeQemu: without QEMU nobody can say yet whether KVM works', async () =>
  expect(await probe(['qemu-system-x86_64'])).toMatchObject({
    usable: false,
    version: null,
    native: 'untried',
  }));

test.each([
  ['ID=debian\nVERSION_ID="12"\n', 'qemu-system-common'],
  ['ID=debian\nVERSION_ID="13"\n', 'virtiofsd'],
  ['PRETTY_NAME="Debian GNU/Linux 12"\nID=ubuntu\nVERSION_ID="24.04"\n', 'virtiofsd'],
  ['ID=debian\n', 'virtiofsd'],
  ['', 'virtiofsd'],
])('getVirtiofsdPackage of %j is %s', (osRelease, expected) =>
  expect(getVirtiofsdPackage(osRelease)).toBe(expected),
);

test('getTemplatesFindings: how many there are, and what they take; nothing where there is none', () => {
  const mib = 1024 * 1024;
  expect(getTemplatesFindings([])).toEqual([]);
  expect(getTemplatesFindings([{ bytes: 100 * mib }, { bytes: 50 * mib }])).toEqual([
    { ok: true, what: 'memory templates for quicker starts: 2 (150 MiB)' },
  ]);
});
