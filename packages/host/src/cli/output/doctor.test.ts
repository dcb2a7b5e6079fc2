import { expect, test } from 'bun:test';
import type { HostProbe } from '../../setup/probe-host.ts';
import { formatDoctor } from './doctor.ts';

const OUTPUT = { colours: false, columns: 80 };
const nft = { ok: true, what: 'nft' };
const kvm = {
  ok: false,
  optional: true,
  what: 'no KVM',
  why: 'there is no /dev/kvm',
  fix: 'sudo modprobe kvm',
};
const ssh = { ok: false, what: 'ssh is not installed', why: 'it is needed', fix: 'cspace setup' };
const qemu = { kind: 'qemu', usable: false, version: null, native: 'no', findings: [kvm, ssh, nft] } as const;
const podman = { kind: 'podman', usable: true, version: '4.3.1', native: 'yes', findings: [nft] } as const;

const format = (probe: Omit<HostProbe, 'substrates'>, substrates: readonly object[]) =>
  formatDoctor({ ...probe, substrates: substrates as HostProbe['substrates'], notes: [] }, OUTPUT);

test('formatDoctor: first what counts, then what others have and lack besides', () =>
  expect(format({ usable: true, substrate: 'podman', findings: [nft] }, [qemu, podman])).toBe(
    `ok       nft

Besides, for up --substrate qemu:
note     no KVM
         there is no /dev/kvm
         fix: sudo modprobe kvm
note     ssh is not installed
         it is needed
         fix: cspace setup

This machine can run sandboxes, with podman.
`,
  ));

test('formatDoctor: what is optional is no reason why it cannot', () =>
  expect(format({ usable: false, substrate: 'qemu', findings: [kvm, ssh] }, [qemu])).toBe(
    `note     no KVM
         there is no /dev/kvm
         fix: sudo modprobe kvm
missing  ssh is not installed
         it is needed
         fix: cspace setup

This machine cannot run sandboxes yet, with qemu.
`,
  ));

test('formatDoctor: another one that wants nothing more', () =>
  expect(format({ usable: true, substrate: 'qemu', findings: [nft] }, [podman])).toContain(
    'Besides, for up --substrate podman:\n         nothing\n',
  ));
