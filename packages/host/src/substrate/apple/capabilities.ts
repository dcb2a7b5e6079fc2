import type { Capabilities } from '../substrate.ts';

/** As Apple's sources have it; docs/mac-checklist.md says how to see it on a Mac. */
export const APPLE_CAPABILITIES: Capabilities = {
  hosts: ['darwin/arm64'],
  isolation: 'microvm',
  cpu: 'virtualised',
  memory: 'kept',
  sharedFolders: true,
  sharedBy: 'virtiofs',
  boundedDisk: true,
  exec: 'engine',
  readyTimeoutMs: 60_000,
  routableAddress: true,
  hostNetwork: false,
  setsHostname: false,
  fixedSysctls: false,
  fractionalCpus: false,
};
