import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SandboxRef } from '@cspace/protocol/names';
import { ensureFolder } from '../system/files.ts';
import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';

/** What the host itself saw of a machine; the guest has no say in it. */
export type JournalEntry =
  | { type: 'created'; address: string; image: string }
  | { type: 'started' }
  | { type: 'stopped'; by: 'down' | 'rm' | 'undo' }
  | { type: 'exited'; reason: string; exitCode: number | null }
  | { type: 'adopted' }
  | { type: 'removed' };

export interface Journal {
  /** Appends one line and syncs it. */
  append(ref: SandboxRef, entry: JournalEntry): Promise<void>;
}

/** The journal of each sandbox as `paths.journal(ref)`, one JSON a line with `at` in front. */
export function openFileJournal(paths: Paths, owner: Owner, now: () => Date = () => new Date()): Journal {
  return {
    async append(ref, entry) {
      const path = paths.journal(ref);
      await ensureFolder(dirname(path), { owner });
      const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
      const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
      try {
        if (process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
        await file.writeFile(`${JSON.stringify({ at: now().toISOString(), ...entry })}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
  };
}
