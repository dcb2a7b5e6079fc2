import { appendFileSync, lchownSync, renameSync, statSync } from 'node:fs';
import type { Owner } from './owner.ts';

/** Lines for whoever looks for the reason of something later. Never give it a secret. */
export interface Log {
  info(message: string, data?: Record<string, unknown>): void;
  error(message: string, data?: Record<string, unknown>): void;
}

const MAX_LOG_BYTES = 4 * 1024 * 1024;

/** One JSON a line in `path`; the file before it is kept once, as `<path>.1`. */
export function createFileLog(path: string, owner: Owner, now: () => Date = () => new Date()): Log {
  let owned = false;
  const rotate = () => {
    renameSync(path, `${path}.1`);
    owned = false;
  };
  const write = (level: string, message: string, data: Record<string, unknown> = {}) => {
    try {
      if (getSize(path) > MAX_LOG_BYTES) rotate();
      appendFileSync(path, `${JSON.stringify({ at: now().toISOString(), level, message, ...data })}\n`, {
        mode: 0o600,
      });
      if (!owned && process.getuid?.() === 0) lchownSync(path, owner.uid, owner.gid);
      owned = true;
    } catch {
      // A full disk must not stop a daemon for want of a log line.
    }
  };
  return {
    info: (message, data) => write('info', message, data),
    error: (message, data) => write('error', message, data),
  };
}

function getSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
