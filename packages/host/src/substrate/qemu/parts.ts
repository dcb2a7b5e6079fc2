import type { BuildContext } from '../substrate.ts';

/** What the OCI image says of its first program. */
export interface ImageConfig {
  entrypoint: string[];
  cmd: string[];
  /** `NAME=value` each. */
  env: string[];
  workdir: string;
  user: string;
}

/** The files that machines of one image start from: the host's, read by all machines. Absolute paths. */
export interface VmImage {
  vmlinux: string;
  initrd: string;
  /** A read-only disk with the kernel's modules. */
  modules: string;
  /** A read-only disk with the image's root file system. */
  root: string;
  /** A sparse disk, empty and formatted: what every machine's own disk is a copy of. */
  emptyDisk: string;
  config: ImageConfig;
}

/** Makes and finds what machines start from. */
export interface VmImages {
  hasImage(tag: string, signal: AbortSignal): Promise<boolean>;
  ensureImage(context: BuildContext): Promise<void>;
  /** Undefined where the image, or something that it needs, is not there. */
  findImage(tag: string): Promise<VmImage | undefined>;
}
