import { readdirSync, readFileSync } from 'node:fs';

export interface CommandLineWatch {
  /** Ends the watch; the command lines that were seen, arguments joined by spaces. */
  stop(): string[];
}

const EVERY_MS = 15;

/** Collects the command lines of all processes, those inside sandboxes among them, until it is stopped. */
export function watchCommandLines(): CommandLineWatch {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It ended meanwhile.
      }
    }
  }, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return [...seen];
    },
  };
}
