import type { Limits } from '@cspace/protocol/sandbox';
import type { CgroupBounds } from './cgroup-layout.ts';

/** QEMU and virtiofsd beside the guest's memory: 95 MiB were seen with a guest that works. */
const OWN_MIB = 512;
/** QEMU keeps translated code in up to 1 GiB (`tb-size`). */
const TRANSLATED_MIB = 1024;
/** What the kernel and virtiofsd keep of a file that the guest knows; it is the machine's to pay for. */
const KIB_PER_FILE = 2;
/** Besides those of the guest's processors; ten were seen. */
const OWN_THREADS = 256;

export interface Overhead {
  emulated: boolean;
  /** How many files virtiofsd may hold open. */
  openFiles: number;
}

/** What a machine's processes may use on the host: the guest's limits, and what it takes to run it. */
export function getCgroupBounds(
  { cpus, memoryMiB }: Limits,
  { emulated, openFiles }: Overhead,
): CgroupBounds {
  const files = Math.ceil((openFiles * KIB_PER_FILE) / 1024);
  return {
    memoryMiB: memoryMiB + OWN_MIB + files + (emulated ? TRANSLATED_MIB : 0),
    cpus,
    pids: Math.ceil(cpus) + OWN_THREADS,
  };
}
