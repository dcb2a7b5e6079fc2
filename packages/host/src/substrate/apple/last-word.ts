import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ensureFolder, readRegularFileEnd, writeFileAtomic } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';
import { getFirstProgramFiles } from '../../system/paths.ts';

/** How a machine ended, as its first program says. */
export interface LastWord {
  exitCode: number;
  outOfMemory: boolean;
}

/** 128 + SIGKILL: what ends without a word was killed. */
const KILLED: LastWord = { exitCode: 137, outOfMemory: false };
const MAX_BYTES = 64;

/** Undefined where the guest wrote something else. */
export function parseLastWord(text: string): LastWord | undefined {
  const found = /^(\d{1,3})( oom)?\n$/.exec(text);
  return found ? { exitCode: Number(found[1]), outOfMemory: found[2] !== undefined } : undefined;
}

/** Of a machine that does not run any more. */
export async function readLastWord(folder: string): Promise<LastWord> {
  const end = await readRegularFileEnd(getFirstProgramFiles(folder).ended, MAX_BYTES).catch(() => undefined);
  return parseLastWord(end?.toString() ?? '') ?? KILLED;
}

/** Whether the image's own program was let run since the last `prepare`. */
export const isLetGo = (folder: string): boolean => existsSync(getFirstProgramFiles(folder).go);

/** Makes the two folders where they are missing, and takes away what an earlier start left in them. */
export async function prepareWords(folder: string, owner?: Owner): Promise<void> {
  const { orders, words, go, ended } = getFirstProgramFiles(folder);
  for (const path of [orders, words])
    await ensureFolder(path, owner === undefined ? {} : { owner, mode: 0o755 });
  for (const path of [go, ended]) await rm(path, { force: true });
}

export async function letGo(folder: string): Promise<void> {
  await writeFileAtomic(getFirstProgramFiles(folder).go, '', { mode: 0o644 });
}
