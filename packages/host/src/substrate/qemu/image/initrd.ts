import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { type CpioEntry, writeCpio } from './cpio.ts';

/** `/dev/console` has to be there before the first program: the kernel opens it as its stdin, stdout and stderr. */
const CONSOLE: readonly CpioEntry[] = [
  { kind: 'folder', path: 'dev', mode: 0o755 },
  { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
];

/** An initramfs of the folders and files below `folder`, with a console. Throws `image-build-failed` on all else. */
export async function makeInitrd(folder: string): Promise<Uint8Array> {
  const paths = (await readdir(folder, { recursive: true })).filter((path) => !path.startsWith('dev'));
  return writeCpio([...CONSOLE, ...(await Promise.all(paths.map((path) => readEntry(folder, path))))]);
}

async function readEntry(folder: string, path: string): Promise<CpioEntry> {
  const found = await lstat(join(folder, path));
  const mode = found.mode & 0o7777;
  if (found.isDirectory()) return { kind: 'folder', path, mode };
  if (found.isFile()) return { kind: 'file', path, mode, bytes: await readFile(join(folder, path)) };
  throw new ProblemError({
    code: 'image-build-failed',
    message: 'the initramfs of microVMs cannot be made',
    why: `${path} is neither a file nor a folder`,
  });
}
