import { lstat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { askGit, type GitOptions, requireGit } from './git.ts';
import { findNameTwins } from './name-twins.ts';

/** What a clone takes over from the work tree it is made of. */
export interface SourceFacts {
  /** The commit that the sandbox's branch starts at. */
  commit: string;
  /** The branch that is checked out; undefined where HEAD is detached. */
  branch: string | undefined;
  /** Of the commits made inside; undefined where the user has not set it. */
  userName: string | undefined;
  userEmail: string | undefined;
  /** The remote that stands for upstream, and its URL without a password. */
  upstream: { remote: string; url: string } | undefined;
  /** The branch that upstream's HEAD is known to be at, such as `main`. */
  upstreamHead: string | undefined;
  /** The repository borrows objects of another one, which a copy of its folder would lack. */
  borrowsObjects: boolean;
}

export interface SourceOptions {
  /** Where it is to start; HEAD by default. */
  base?: string | undefined;
  /** The clone will be on a file system that does not tell cases apart. */
  ignoresCase?: boolean;
}

/**
 * Reads the work tree at `at.cwd` as its owner. Throws ProblemError `repository-unusable` where `base` names no commit, or
 * where the repository has what a clone could not bring along.
 */
export async function readSource(at: GitOptions, options: SourceOptions = {}): Promise<SourceFacts> {
  const [commit, [settings, branch, upstream], borrowsObjects] = await Promise.all([
    resolveSupported(at, options),
    readSettings(at),
    hasAlternates(at),
  ]);
  return {
    commit,
    branch,
    userName: settings.get('user.name'),
    userEmail: settings.get('user.email'),
    upstream: upstream?.upstream,
    upstreamHead: upstream?.head,
    borrowsObjects,
  };
}

async function resolveSupported(
  at: GitOptions,
  { base, ignoresCase = false }: SourceOptions,
): Promise<string> {
  const commit = await resolveBase(at, base);
  await refuseUnsupported(at, commit, ignoresCase);
  return commit;
}

async function readSettings(at: GitOptions) {
  const [list, branch] = await Promise.all([
    askGit(['config', '--list', '-z'], at),
    askGit(['symbolic-ref', '--quiet', '--short', 'HEAD'], at),
  ]);
  const settings = parseConfig(list ?? '');
  refusePartial(settings, at.cwd);
  return [settings, branch, await findUpstream(at, settings, branch)] as const;
}

/** The last value of each key in the output of `git config --list -z`: `key`, a newline, the value. */
export function parseConfig(list: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (const entry of list.split('\0')) {
    const end = entry.indexOf('\n');
    if (end > 0) settings.set(entry.slice(0, end), entry.slice(end + 1));
    else if (entry !== '') settings.set(entry, 'true');
  }
  return settings;
}

async function resolveBase(at: GitOptions, base = 'HEAD'): Promise<string> {
  const found = await askGit(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`],
    at,
  );
  // rev-parse repeats --end-of-options in its output before git 2.43.
  const commit = found?.split('\n').at(-1);
  if (commit !== undefined && /^[0-9a-f]{40,64}$/.test(commit)) return commit;
  if (base === 'HEAD') {
    throw new ProblemError({
      code: 'repository-unusable',
      message: `the repository has no commit yet: ${at.cwd}`,
      why: 'a sandbox works on a branch, and a branch starts at a commit',
      fix: 'git commit --allow-empty -m "First commit"',
    });
  }
  throw new ProblemError({
    code: 'repository-unusable',
    message: `no commit is called ${JSON.stringify(base)} in ${at.cwd}`,
    why: '--base takes a branch, a tag or a commit of this repository',
    fix: 'git branch --all',
  });
}

async function findUpstream(at: GitOptions, settings: Map<string, string>, branch: string | undefined) {
  const configured = settings.get(`branch.${branch}.remote`);
  // A branch may follow another local one: `.`.
  const remotes = new Set([configured === '.' ? undefined : configured, 'origin']);
  for (const remote of remotes) {
    if (remote === undefined || !settings.has(`remote.${remote}.url`)) continue;
    // Asked of git, which knows the user's url.<base>.insteadOf.
    const url = (await askGit(['remote', 'get-url', '--', remote], at))?.split('\n')[0];
    if (!url) continue;
    const head = await getUpstreamHead(at, remote);
    return { upstream: { remote, url: toCloneUrl(url, at.cwd) }, head };
  }
  return undefined;
}

/**
 * The URL as the clone may carry it: without a user's password, because the sandbox has its own way to credentials, and
 * with a relative path made absolute. ssh URLs stay; the sandbox's git rewrites them to https.
 */
export function toCloneUrl(url: string, cwd: string): string {
  if (/^https?:\/\//i.test(url)) return url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1');
  const isPath = !/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && !/^[^/]*:/.test(url);
  return isPath && !isAbsolute(url) ? resolve(cwd, url) : url;
}

async function getUpstreamHead(at: GitOptions, remote: string): Promise<string | undefined> {
  const prefix = `refs/remotes/${remote}/`;
  const head = await askGit(['symbolic-ref', '--quiet', `${prefix}HEAD`], at);
  return head?.startsWith(prefix) ? head.slice(prefix.length) : undefined;
}

async function hasAlternates(at: GitOptions): Promise<boolean> {
  const objects = await askGit(['rev-parse', '--path-format=absolute', '--git-path', 'objects'], at);
  if (objects === undefined) return false;
  return (await lstat(join(objects, 'info', 'alternates')).catch(() => undefined)) !== undefined;
}

/** git fetches the objects a partial clone lacks when they are asked for: over the network, from inside a copy never. */
function refusePartial(settings: Map<string, string>, source: string): void {
  const isPartial = [...settings].some(
    ([key, value]) =>
      key === 'extensions.partialclone' || (/^remote\..*\.promisor$/.test(key) && value === 'true'),
  );
  if (!isPartial) return;
  throw new ProblemError({
    code: 'repository-unusable',
    message: `a partial clone lacks objects that a sandbox would need: ${source}`,
    why: 'it was made with git clone --filter, and git fetches what is missing only when it is asked for',
    fix: 'work in a full clone: git clone URL, without --filter',
  });
}

/** Submodules and LFS would leave empty folders and pointer files in the sandbox: refused by name until they work. */
async function refuseUnsupported(at: GitOptions, commit: string, ignoresCase: boolean): Promise<void> {
  const listed = await requireGit(['ls-tree', '-r', '-z', commit], at, {
    code: 'repository-unusable',
    message: `the files of commit ${commit.slice(0, 12)} cannot be listed`,
  });
  if (ignoresCase) refuseNameTwins(listed);
  const { submodules, attributes } = parseTree(listed);
  if (submodules.length > 0) {
    throw new ProblemError({
      code: 'repository-unusable',
      message: `submodules do not work in a sandbox yet: ${submodules.slice(0, 5).join(', ')}`,
      why: 'their folders would be empty',
      fix: 'start from a commit without them: --base REVISION',
    });
  }
  const lfs = await findLfs(at, attributes);
  if (lfs === undefined) return;
  throw new ProblemError({
    code: 'repository-unusable',
    message: `Git LFS does not work in a sandbox yet: ${lfs} asks for it`,
    why: 'its files would be pointers instead of their content',
    fix: 'start from a commit without it: --base REVISION',
  });
}

/** Of two such files only one would be there, and git would call the other one changed. */
function refuseNameTwins(listed: string): void {
  const paths = listed.split('\0').map((line) => line.slice(line.indexOf('\t') + 1));
  const twins = findNameTwins(paths.filter((path) => path !== ''));
  if (twins.length === 0) return;
  throw new ProblemError({
    code: 'repository-unusable',
    message: `names that differ only in case: ${twins
      .slice(0, 3)
      .map((both) => both.join(' and '))
      .join(', ')}`,
    why: 'the home of cspace is on a file system for which they are the same, so one would be missing',
    fix: 'set CSPACE_HOME to a folder on a case-sensitive volume, or start from another commit: --base REVISION',
  });
}

interface TreeEntry {
  object: string;
  path: string;
}

/** Submodules and attribute files in the output of `git ls-tree -r -z`. */
export function parseTree(listed: string): { submodules: string[]; attributes: TreeEntry[] } {
  const submodules: string[] = [];
  const attributes: TreeEntry[] = [];
  for (const line of listed.split('\0')) {
    const isAttributes = line.endsWith('.gitattributes');
    if (!isAttributes && !line.startsWith('160000 ')) continue;
    const tab = line.indexOf('\t');
    const path = line.slice(tab + 1);
    const [mode, , object] = line.slice(0, tab).split(' ');
    if (mode === '160000') submodules.push(path);
    else if (object && mode !== '120000' && /(^|\/)\.gitattributes$/.test(path))
      attributes.push({ object, path });
  }
  return { submodules, attributes };
}

async function findLfs(at: GitOptions, attributes: TreeEntry[]): Promise<string | undefined> {
  for (const { object, path } of attributes) {
    const text = await askGit(['cat-file', 'blob', object], at);
    if (text !== undefined && /^[^#\n]*\sfilter=lfs(\s|$)/m.test(text)) return path;
  }
  return undefined;
}
