import type { ImageBuilder } from '../../substrate.ts';

/** What a machine is started from. All paths are files that nobody changes; unlinked while open, they stay whole. */
export interface VmImage {
  /** Of the OCI image that it was made from. */
  tag: string;
  /** The kernel, uncompressed. */
  vmlinux: string;
  /** `/init` and what it loads, in front of the root file system. */
  initrd: string;
  /** erofs: what belongs at /usr/lib/modules. */
  modules: string;
  /** erofs: the OCI image's files. */
  root: string;
  /** ext4 without a file in it, sparse: each machine has a copy of its own. */
  emptyDisk: string;
  /** The kernel's release, as `uname -r` has it. */
  kernel: string;
  /** Another one for other bytes of kernel, initrd or modules. */
  kitKey: string;
  /** Another one for other layers of the OCI image. */
  rootKey: string;
  entrypoint: string[];
  cmd: string[];
  env: Record<string, string>;
  /** Absolute. */
  workdir: string;
  /** Its first program can wait to be told whose machine it is in. */
  standby: boolean;
}

/** Makes and keeps them, for all homes of this host together. */
export interface VmImages extends ImageBuilder {
  /** Reads one file and looks whether a few are there; undefined where one is not. */
  find(tag: string): Promise<VmImage | undefined>;
}
