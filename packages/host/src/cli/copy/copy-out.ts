import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { type ReadEntry, Unpack } from 'tar';
import { type Copied, type CopyOptions, NOT_FOUND, runChecked } from './copy.ts';
import { type Copy, getOwnName } from './places.ts';

/** A first line says what comes: `d`, an archive, or `f MODE`, the bytes of a file. */
const SCRIPT = `
if [ -d "$1" ]; then
  echo d
  exec tar -cf - -C "$1" .
elif [ -f "$1" ]; then
  stat -L -c 'f %a' "$1"
  exec cat "$1"
elif [ -e "$1" ]; then
  echo "$1 is neither a file nor a folder" >&2
  exit 1
fi
exit ${NOT_FOUND}`;

/** More than the first line can have. */
const MOST_HEADER_BYTES = 16;
/** What a copy may have of a file's mode: a sandbox must not leave a program behind that runs as somebody else. */
const MODE = 0o777;
const FILES = ['File', 'OldFile', 'ContiguousFile'];

/**
 * Copies a file or a folder of a sandbox's to the host. Whatever the sandbox sends, nothing is written but below the
 * target, and of files, folders and links that stay there. Throws `not-found`, `usage` and `failed`.
 */
export async function copyOut(copy: Copy, options: CopyOptions): Promise<Copied> {
  const copied: Copied = { files: 0, bytes: 0, leftOut: [] };
  let sink: Sink | undefined;
  let header = Buffer.alloc(0);
  const take = async (bytes: Uint8Array): Promise<void> => {
    if (sink) return sink.write(bytes);
    header = Buffer.concat([header, bytes]);
    const end = header.indexOf('\n');
    if (end < 0 && header.length <= MOST_HEADER_BYTES) return;
    sink = await openSink(header.subarray(0, end).toString(), { copy, copied, options });
    return sink.write(header.subarray(end + 1));
  };
  // One after the other: opening the target takes its time.
  let last = Promise.resolve();
  const onBytes = (bytes: Uint8Array) => {
    last = last.then(() => take(bytes));
    return last;
  };
  try {
    await runChecked(['sh', '-c', SCRIPT, 'sh', copy.inside], { ...options, onBytes });
    if (!sink) throw getOddProblem('it sent nothing');
    await (sink as Sink).end();
  } catch (error) {
    await sink?.discard();
    if (error instanceof ProblemError) throw error;
    throw new ProblemError({
      code: 'failed',
      message: `${copy.outside} cannot be written`,
      why: String(error),
    });
  }
  return copied;
}

/** Where bytes go. */
interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  discard(): Promise<void>;
}

interface SinkOptions {
  copy: Copy;
  copied: Copied;
  options: CopyOptions;
}

async function openSink(header: string, { copy, copied, options }: SinkOptions): Promise<Sink> {
  const [, mode] = /^f ([0-7]{1,4})$/.exec(header) ?? [];
  if (mode === undefined && header !== 'd') throw getOddProblem('it did not say what comes');
  const onProgress = () => options.onProgress(copied);
  const there = await stat(copy.outside).catch(() => undefined);
  const within = there?.isDirectory() && !(copy.contents && mode === undefined);
  const target = within ? join(copy.outside, getOwnName(copy.inside)) : copy.outside;
  return mode === undefined
    ? openFolder(target, copied, onProgress)
    : openFile(target, { mode: Number.parseInt(mode, 8) & MODE, copied, onProgress });
}

async function openFile(
  target: string,
  { mode, copied, onProgress }: { mode: number; copied: Copied; onProgress(): void },
): Promise<Sink> {
  const there = await stat(target).catch(() => undefined);
  if (there?.isDirectory()) throw new ProblemError({ code: 'usage', message: `${target} is a folder` });
  const part = getPartName(target);
  const file = await open(part, 'wx', mode);
  return {
    async write(bytes) {
      copied.bytes += bytes.length;
      onProgress();
      await file.writeFile(bytes);
    },
    async end() {
      await file.close();
      await rename(part, target);
      copied.files += 1;
    },
    async discard() {
      await file.close().catch(() => undefined);
      await rm(part, { force: true });
    },
  };
}

async function openFolder(target: string, copied: Copied, onProgress: () => void): Promise<Sink> {
  // The user may mean a link of theirs to a folder; below it none is followed.
  const real = await realpath(target).catch(() => target);
  const part = getPartName(real);
  await mkdir(part);
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  over.catch(() => undefined);
  const unpack = new Unpack({
    cwd: part,
    preserveOwner: false,
    filter: (path, entry) => {
      if (isWelcome(path, entry as ReadEntry)) return true;
      copied.leftOut.push(path);
      return false;
    },
    onReadEntry(entry) {
      if (entry.mode !== undefined) entry.mode &= MODE;
      if (!FILES.includes(entry.type)) return;
      copied.files += 1;
      copied.bytes += entry.size;
      onProgress();
    },
    onwarn(code, message) {
      if (code !== 'TAR_ENTRY_INFO') reject(new Error(String(message)));
    },
  });
  unpack.on('close', resolve);
  unpack.on('error', reject);
  return {
    async write(bytes) {
      if (unpack.write(Buffer.from(bytes))) return;
      await Promise.race([new Promise<void>((go) => unpack.once('drain', go)), over]);
    },
    async end() {
      unpack.end();
      await over;
      await merge(part, real);
    },
    discard: () => rm(part, { recursive: true, force: true }),
  };
}

/** Moves all of a folder into another one, where there is one. A file takes a file's place, and no folder's. */
async function merge(from: string, to: string): Promise<void> {
  const there = await lstat(to).catch(() => undefined);
  if (!there) return rename(from, to);
  if (!there.isDirectory()) throw new Error(`${to} is no folder`);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    await (entry.isDirectory() ? merge(source, target) : rename(source, target));
  }
  await rmdir(from);
}

const getPartName = (target: string) => `${target}.cspace-${randomBytes(6).toString('hex')}`;

/** Files, folders, and links to what is in the same tree. */
function isWelcome(path: string, { type, linkpath = '' }: ReadEntry): boolean {
  if (path.split('/').includes('..') || posix.isAbsolute(path)) return false;
  if (type === 'Directory' || FILES.includes(type)) return true;
  if (type === 'Link') return !posix.isAbsolute(linkpath) && !linkpath.split('/').includes('..');
  if (type !== 'SymbolicLink' || posix.isAbsolute(linkpath)) return false;
  return !posix.join(posix.dirname(path), linkpath).startsWith('..');
}

const getOddProblem = (why: string) =>
  new ProblemError({ code: 'failed', message: 'what the sandbox sent cannot be understood', why });
