import type { SandboxRef } from '@cspace/protocol/names';
import type { SandboxRecord } from './record.ts';

/** A record file that cannot be read, listed so that nobody has to guess. */
export interface BrokenRecord {
  ref: SandboxRef;
  reason: string;
}

/** All sandboxes of a home. A change is seen by readers at once, and is on disk before its promise resolves. */
export interface Registry {
  /** Another number after every change: what is made from the records is made anew then. */
  readonly revision: number;
  get(ref: SandboxRef): SandboxRecord | undefined;
  list(): SandboxRecord[];
  listBroken(): BrokenRecord[];
  /** Writes the record whole; rejects with the system's error and leaves the old one. */
  put(record: SandboxRecord): Promise<void>;
  /** Removes it, broken or not; resolves where it is gone already. */
  remove(ref: SandboxRef): Promise<void>;
  /** Called after every change, once readers see it. */
  onChange(listener: () => void): void;
}
