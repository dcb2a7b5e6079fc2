import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFileEnd } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';

export const CONSOLE_LOG = 'console.log';
/** Of each of two: the one that is written, and the one before it. */
const MAX_BYTES = 4 * 1024 * 1024;
const END_BYTES = 64 * 1024;
/** Between what a guest wrote and what the one before it on the same machine did. */
const MARK = 'cspace: a guest is started\n';
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/** Appends what the guest wrote to the console log in the machine's folder, which is the owner's. */
export async function appendConsole(folder: string, owner: Owner, text: Buffer): Promise<void> {
  if (text.length === 0) return;
  const path = join(folder, CONSOLE_LOG);
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    if (process.getuid?.() === 0) await file.chown(owner.uid, owner.gid);
    await file.writeFile(text);
    if ((await file.stat()).size >= MAX_BYTES) await rename(path, `${path}.1`);
  } finally {
    await file.close();
  }
}

export function markConsole(folder: string, owner: Owner): Promise<void> {
  return appendConsole(folder, owner, Buffer.from(MARK));
}

/** Its last lines, for the why of a problem. What a guest writes may be anything: only what prints is kept. */
export function getConsoleTail(text: Buffer, lines = 12): string {
  const printable = text
    .subarray(-4096)
    .toString('utf8')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/\r|\x1b\[[0-9;?]*[a-zA-Z]|[\x00-\x08\x0b-\x1f\x7f]/g, '');
  return printable.trim().split('\n').slice(-lines).join('\n');
}

/** What the kernel said last where it gave up, as the guest's console has it: a claim of the guest's. */
export function findPanic(text: Buffer): string | undefined {
  return /Kernel panic - not syncing: [^\r\n]{0,200}/.exec(text.subarray(-65_536).toString('latin1'))?.[0];
}

/** The end of what the last guest wrote; empty where it wrote nothing. */
export async function readConsoleEnd(folder: string): Promise<Buffer> {
  const text = (await readRegularFileEnd(join(folder, CONSOLE_LOG), END_BYTES)) ?? Buffer.alloc(0);
  const mark = text.lastIndexOf(MARK);
  return mark < 0 ? text : text.subarray(mark + MARK.length);
}
