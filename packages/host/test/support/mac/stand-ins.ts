import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs of macOS as shell scripts: they answer as they are documented to, and say no where the real ones do. */
export interface StandIns {
  /** Their folder. */
  folder: string;
  /** A PATH with them first. */
  path: string;
  /** A file in the folder that scripts know as `$state`. */
  file(name: string): string;
  /** Every call so far, a line each: the program's name and its arguments. */
  calls(): string[];
}

/** `programs`: a script for each name; it may use `$state`, a folder that it can write to. */
export function writeStandIns(folder: string, programs: Record<string, string>): StandIns {
  const bin = join(folder, 'mac-bin');
  const state = join(folder, 'mac-state');
  for (const made of [bin, state]) mkdirSync(made, { recursive: true });
  const log = join(state, 'calls');
  writeFileSync(log, '');
  for (const [name, script] of Object.entries(programs)) {
    const text = `#!/bin/sh\nstate='${state}'\nprintf '%s\\n' "${name} $*" >>"$state/calls"\n${script}\n`;
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  return {
    folder: bin,
    path: `${bin}:${process.env.PATH}`,
    file: (name) => join(state, name),
    calls: () => readFileSync(log, 'utf8').trimEnd().split('\n').filter(Boolean),
  };
}
