import type { Capabilities } from '../substrate.ts';

/** Of a substrate that is to come, by what was measured for it: docs/substrates.md shows it beside the others. */
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
};
