/** How long things may take, in milliseconds, before they count as hanging. */
export interface Deadlines {
  /** One command of QEMU's monitor. */
  monitor: number;
  /** A foreign program that is done at once: keys, the copy of an empty disk. */
  tool: number;
  /** From QEMU's start to the guest's first word, with and without KVM. A guest may hang; a busy host is slow. */
  boot: { kvm: number; tcg: number };
  /** The same from a memory template; also the time that reading it may take before. */
  restore: { kvm: number; tcg: number };
  /** From the first word to the one that says that it has what it needs. */
  configure: number;
  /** From there to where commands can be run in it. */
  commands: number;
  /** For an orderly end after the first program has ended, and for a process that was killed. */
  end: number;
  /** A connection to a machine's port. */
  dial: number;
}

export const DEADLINES: Deadlines = {
  monitor: 5000,
  tool: 20_000,
  boot: { kvm: 15_000, tcg: 90_000 },
  restore: { kvm: 5000, tcg: 60_000 },
  configure: 30_000,
  commands: 30_000,
  end: 15_000,
  dial: 5000,
};
