import { afterEach, beforeEach, setDefaultTimeout } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getPaths } from '../system/paths.ts';

/** Ourselves: most tests run as whoever runs them. */
export const SELF = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
export const REF = { project: 'shop', sandbox: 'mercury' };

/** Folders for each test of the file that calls this, gone after it; HOME is none, so no configuration of a user's. */
export function useTempFolder(): () => string {
  // Dozens of real git processes a test, on a machine that may be busy.
  setDefaultTimeout(60_000);
  const made: string[] = [];
  const home = process.env.HOME;
  beforeEach(() => {
    process.env.HOME = '/nonexistent';
  });
  afterEach(() => {
    if (home === undefined) delete process.env.HOME;
    else process.env.HOME = home;
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cspace-git-')));
    made.push(folder);
    return folder;
  };
}

/** Plain git, as a person would run it: with all that a repository's configuration says. */
export function sh(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    timeout: 30_000,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.org',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.org',
    },
  }).trimEnd();
}

/** A repository `name` in `folder`, with one commit on `main` and a user's name. */
export function makeRepository(folder: string, name = 'shop'): string {
  const path = join(folder, name);
  sh(folder, 'init', '--quiet', '--initial-branch=main', path);
  sh(path, 'config', 'user.name', 'Ada Lovelace');
  sh(path, 'config', 'user.email', 'ada@example.org');
  commitFile(path, 'README.md', 'hello\n');
  return path;
}

/** Commits one file and gives the commit's id. */
export function commitFile(repository: string, file: string, text: string): string {
  Bun.spawnSync(['sh', '-c', 'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"', 'sh', file, text], {
    cwd: repository,
  });
  sh(repository, 'add', '--', file);
  sh(repository, 'commit', '--quiet', '-m', `change ${file}`);
  return sh(repository, 'rev-parse', 'HEAD');
}

/** The paths of a CSPACE_HOME in `folder`. */
export function makePaths(folder: string) {
  return getPaths(join(folder, 'home'));
}
