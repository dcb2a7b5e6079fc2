import type { Capabilities } from '../substrate.ts';

export const PODMAN_CAPABILITIES: Capabilities = {
  hosts: ['linux/x64', 'linux/arm64'],
  isolation: 'container',
  cpu: 'host',
  memory: 'processes',
  sharedFolders: true,
  sharedBy: 'bind mount',
  boundedDisk: false,
  exec: 'engine',
  // A healthy one answers within a second; a busy host is slow.
  readyTimeoutMs: 60_000,
  routableAddress: true,
  hostNetwork: true,
  setsHostname: true,
  fixedSysctls: true,
  fractionalCpus: true,
};
