import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StandInBrowser {
  /** To be added to a call's environment. */
  env: { BROWSER: string; PATH: string };
  /** The argument lists of its calls, in their order. */
  getCalls(): string[][];
}

/** A browser that writes down how it was called, and no more: an executable on PATH, in `folder`. */
export function createStandInBrowser(folder: string): StandInBrowser {
  const bin = join(folder, 'bin');
  const file = join(folder, 'browser-calls');
  mkdirSync(bin, { recursive: true });
  const browser = join(bin, 'stand-in-browser');
  // Whole lines, since it is not waited for.
  writeFileSync(browser, `#!/bin/sh\nprintf '%s\\n' "$(IFS='\t'; echo "$*")" >> '${file}'\n`);
  chmodSync(browser, 0o755);
  return {
    env: { BROWSER: 'stand-in-browser --new-tab', PATH: `${bin}:${process.env.PATH ?? ''}` },
    getCalls() {
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
      return lines.map((line) => line.split('\t'));
    },
  };
}
