import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { readRegularFile } from '../../system/files.ts';

/** The refs of a clone, as files that somebody hostile may have written. */
export interface CloneRefs {
  /** Object id by full name; symbolic ones resolved, what is malformed left out. */
  all: ReadonlyMap<string, string>;
  /** The commit of HEAD; undefined where its branch has none. */
  head: string | undefined;
  /** The branch HEAD is on, as a full ref name. */
  headRef: string | undefined;
  /** HEADs of linked work trees. */
  worktreeHeads: string[];
  resolve(name: string): string | undefined;
}

const OBJECT_ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** Stricter than git-check-ref-format(1): what we hand to git must not be read as anything else. */
const REF_NAME = /^refs\/(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)|\/\.))[^\p{Cc} ~^:?*[\\]+(?<![/.])$/u;
const MAX_REFS = 200_000;
const MAX_PACKED_REFS_BYTES = 64 * 1024 * 1024;
const MAX_DEPTH = 16;
const MAX_SYMBOLIC = 5;

/**
 * Reads the refs of a clone without running git there: no link is followed as the last step of a path, no FIFO blocks,
 * and all that is not an object id or the name of another ref is dropped.
 * Throws ProblemError `sandbox-broken` where there is no git folder to read.
 */
export async function readRefs(clone: string): Promise<CloneRefs> {
  const gitDir = await getCloneGitDir(clone);
  const raw = new Map<string, string>();
  for (const [name, value] of parsePackedRefs(
    (await readText(join(gitDir, 'packed-refs'), MAX_PACKED_REFS_BYTES)) ?? '',
  )) {
    raw.set(name, value);
  }
  await readLoose(gitDir, 'refs', { raw, depth: 0 });
  const resolve = (name: string) => resolveRef(raw, name);
  const all = new Map<string, string>();
  for (const name of raw.keys()) {
    const id = resolve(name);
    if (id !== undefined) all.set(name, id);
  }
  const headText = (await readText(join(gitDir, 'HEAD')))?.trim() ?? '';
  const headRef = parseSymbolic(headText);
  return {
    all,
    head: headRef === undefined ? parseId(headText) : resolve(headRef),
    headRef,
    worktreeHeads: await readWorktreeHeads(gitDir, resolve),
    resolve,
  };
}

/** The clone's `.git`, which we made as a folder: a file or a link in its place leads to a repository of another's choice. */
export async function getCloneGitDir(clone: string): Promise<string> {
  const gitDir = join(clone, '.git');
  for (const path of [clone, gitDir, join(gitDir, 'objects'), join(gitDir, 'refs')]) {
    if (await isRealFolder(path)) continue;
    throw new ProblemError({
      code: 'sandbox-broken',
      message: 'the clone of this sandbox is not one that can be read safely',
      why: `not a folder: ${path}`,
      fix: 'cspace exec NAME -- git status    shows what git inside makes of it',
    });
  }
  return gitDir;
}

/** Lines of packed-refs (git-pack-refs(1)): `<id> <name>`; comments and peeled ids (`^<id>`) are left out. */
export function parsePackedRefs(text: string): Array<[string, string]> {
  const found: Array<[string, string]> = [];
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    const [id, name] = [line.slice(0, space), line.slice(space + 1)];
    if (OBJECT_ID.test(id) && REF_NAME.test(name) && found.length < MAX_REFS) found.push([name, id]);
  }
  return found;
}

interface Walk {
  raw: Map<string, string>;
  depth: number;
}

async function readLoose(gitDir: string, name: string, { raw, depth }: Walk): Promise<void> {
  if (depth > MAX_DEPTH) return;
  for (const entry of await readdir(join(gitDir, name), { withFileTypes: true }).catch(() => [])) {
    if (raw.size >= MAX_REFS) return;
    const child = `${name}/${entry.name}`;
    if (entry.isDirectory()) await readLoose(gitDir, child, { raw, depth: depth + 1 });
    else if (entry.isFile() && REF_NAME.test(child)) {
      const text = (await readText(join(gitDir, child)))?.trim() ?? '';
      if (OBJECT_ID.test(text) || parseSymbolic(text) !== undefined) raw.set(child, text);
    }
  }
}

async function readWorktreeHeads(gitDir: string, resolve: CloneRefs['resolve']): Promise<string[]> {
  const folder = join(gitDir, 'worktrees');
  if (!(await isRealFolder(folder))) return [];
  const heads: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const text = (await readText(join(folder, entry.name, 'HEAD')))?.trim() ?? '';
    const symbolic = parseSymbolic(text);
    const id = symbolic === undefined ? parseId(text) : resolve(symbolic);
    if (id !== undefined) heads.push(id);
  }
  return heads;
}

function resolveRef(raw: ReadonlyMap<string, string>, name: string): string | undefined {
  let at = name;
  for (let step = 0; step <= MAX_SYMBOLIC; step += 1) {
    const value = raw.get(at);
    if (value === undefined) return undefined;
    const next = parseSymbolic(value);
    if (next === undefined) return parseId(value);
    at = next;
  }
  return undefined;
}

function parseSymbolic(text: string): string | undefined {
  const name = /^ref:\s*(\S+)$/.exec(text)?.[1];
  return name !== undefined && REF_NAME.test(name) ? name : undefined;
}

function parseId(text: string): string | undefined {
  return OBJECT_ID.test(text) ? text : undefined;
}

async function readText(path: string, maxBytes = 4096): Promise<string | undefined> {
  return readRegularFile(path, maxBytes).catch(() => undefined);
}

async function isRealFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;
}
