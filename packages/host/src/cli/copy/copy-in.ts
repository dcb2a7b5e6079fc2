import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { create, type WriteEntry } from 'tar';
import { type Copied, type CopyOptions, runChecked } from './copy.ts';
import { type Copy, getOwnName } from './places.ts';

/**
 * Both are archives, whose end says that they are whole. A file is there whole or not at all. GNU tar keeps links that
 * lead out of the tree: they are the sandbox's own affair.
 */
const SCRIPT = `
target=$1 name=$2 mode=$3
[ -z "$name" ] || [ ! -d "$target" ] || target=\${target%/}/$name
if [ -n "$mode" ]; then
  part=$target.cspace-$$
  trap 'rm -f "$part"' EXIT
  trap 'exit 130' INT TERM HUP
  tar -xOf - >"$part" && chmod "$mode" "$part" && mv -fT "$part" "$target"
else
  [ -d "$target" ] || mkdir "$target" || exit
  exec tar -xf - -C "$target" --no-same-owner
fi`;

/** Copies a file or a folder of the host's into a sandbox. Throws `not-found`, `usage` and `failed`. */
export async function copyIn(copy: Copy, options: CopyOptions): Promise<Copied> {
  const source = await stat(copy.outside).catch((error: NodeJS.ErrnoException) => {
    throw new ProblemError({ code: 'not-found', message: `${copy.outside} cannot be read: ${error.code}` });
  });
  if (!source.isFile() && !source.isDirectory())
    throw new ProblemError({ code: 'usage', message: `${copy.outside} is neither a file nor a folder` });
  const name = copy.contents && source.isDirectory() ? '' : getOwnName(copy.outside);
  const copied: Copied = { files: 0, bytes: 0, leftOut: [] };
  const count = (bytes: number) => {
    copied.files += 1;
    copied.bytes += bytes;
    options.onProgress(copied);
  };
  const mode = source.isFile() ? (source.mode & 0o777).toString(8) : '';
  // By `./`: an argument of node-tar's that begins with @ is an archive.
  const what = source.isFile()
    ? { cwd: dirname(copy.outside), path: `./${basename(copy.outside)}`, follow: true }
    : { cwd: copy.outside, path: '.', follow: false };
  const input = explainErrors(pack({ ...what, copied, count }), `${copy.outside} cannot be read`);
  await runChecked(['sh', '-c', SCRIPT, 'sh', copy.inside, name, mode], { ...options, input });
  return copied;
}

async function* explainErrors<T>(parts: AsyncIterable<T>, message: string): AsyncGenerator<T> {
  try {
    yield* parts;
  } catch (error) {
    throw new ProblemError({ code: 'failed', message, why: String(error) });
  }
}

interface PackOptions {
  cwd: string;
  /** Of it. */
  path: string;
  /** What a link leads to, in its place. */
  follow: boolean;
  copied: Copied;
  count(bytes: number): void;
}

function pack({ cwd, path, follow, copied, count }: PackOptions): AsyncIterable<Uint8Array> {
  const filter = (path: string, found: unknown) => {
    const is = found as Stats;
    if (is.isFile() || is.isDirectory() || is.isSymbolicLink()) return true;
    copied.leftOut.push(path);
    return false;
  };
  const onWriteEntry = ({ type, stat }: WriteEntry) => {
    if (type === 'File') count(stat?.size ?? 0);
  };
  return create({ cwd, follow, filter, onWriteEntry, strict: true }, [path]);
}
