import type { Capabilities } from '../substrate.ts';

/** Where a guest runs under KVM. */
export const QEMU_CAPABILITIES: Capabilities = {
  hosts: ['linux/x64'],
  isolation: 'microvm',
  cpu: 'virtualised',
  memory: 'given back',
  sharedFolders: true,
  sharedBy: 'virtiofs',
  boundedDisk: true,
  exec: 'ssh',
  readyTimeoutMs: 60_000,
  routableAddress: true,
  hostNetwork: true,
  setsHostname: true,
  // The guest's root is root of its own kernel.
  fixedSysctls: false,
  fractionalCpus: true,
};

/** Elsewhere. The runtime of the supervisor alone takes seconds to start, and on a busy host many. */
export const EMULATED_CAPABILITIES: Capabilities = {
  ...QEMU_CAPABILITIES,
  cpu: 'emulated',
  readyTimeoutMs: 180_000,
};
