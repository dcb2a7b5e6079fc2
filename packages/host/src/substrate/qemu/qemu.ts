import type { SandboxRef } from '@cspace/protocol/names';
import type { Capabilities, ImageBuilder, Probe, Substrate } from '../substrate.ts';
import type { VmImages } from './parts.ts';

export interface QemuOptions {
  /** Only machines with this label are seen or touched. */
  homeLabel: string;
  /** What is kept of machines while they are there, one folder each: in memory, and only root may write in it. */
  stateFolder: string;
  images: VmImages;
  builder: ImageBuilder;
  /** How guests run on this host: asked at every start. */
  getAccel: (signal: AbortSignal) => Promise<'kvm' | 'tcg'>;
  /** The address of a running machine, for `dial`; undefined where it has none. */
  addressOf: (ref: SandboxRef) => string | undefined | Promise<string | undefined>;
  probe: (signal: AbortSignal) => Promise<Probe>;
}

export const CAPABILITIES: Capabilities = {
  isolation: 'microvm',
  sharedFolders: true,
  routableAddress: true,
  hostNetwork: true,
  setsHostname: true,
  fixedSysctls: false,
};

/** Machines as QEMU processes, each with a kernel of its own. */
export function createQemu(_options: QemuOptions): Substrate {
  throw new Error('not yet');
}
