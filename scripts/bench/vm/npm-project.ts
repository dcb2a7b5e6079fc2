import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of package-lock.json, version 3: what is read of a package. */
interface Locked {
  version?: string;
  integrity?: string;
  link?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  [other: string]: unknown;
}

export interface NpmProject {
  packageJson: object;
  lock: object;
  /** Where its tarballs go, beside the two, with the integrity that each has. */
  tarballs: { file: string; integrity: string }[];
}

const TOP = 'node_modules/';

/**
 * A project that installs packages of a lock file, each for itself, from tarballs beside it: all but the lock's own
 * workspaces, what runs on one system only (binaries of a hundred megabytes) and what has two versions in it.
 */
export function getNpmProject(packages: Readonly<Record<string, Locked>>): NpmProject {
  const chosen = Object.entries(packages).filter(
    ([path, { link, optional, os, cpu }]) => path.lastIndexOf(TOP) === 0 && !(link || optional || os || cpu),
  );
  const tarballs: NpmProject['tarballs'] = [];
  const locked = chosen.map(([path, { version = '', integrity = '' }], index) => {
    const file = `tarballs/${index}.tgz`;
    tarballs.push({ file, integrity });
    return [path, { version, resolved: `file:${file}`, integrity }] as const;
  });
  const wanted = locked.map(([path, { version }]) => [path.slice(TOP.length), version]);
  const root = { name: 'middling', version: '1.0.0', dependencies: Object.fromEntries(wanted) };
  const at = { name: root.name, version: root.version, lockfileVersion: 3, requires: true };
  return {
    packageJson: { ...root, private: true },
    lock: { ...at, packages: { '': root, ...Object.fromEntries(locked) } },
    tarballs,
  };
}

/** Where npm's cache has what has that integrity. */
export function getCachedPath(cache: string, integrity: string): string {
  const hash = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
  return join(cache, '_cacache/content-v2/sha512', hash.slice(0, 2), hash.slice(2, 4), hash.slice(4));
}

export interface NpmSource {
  lockFile: string;
  /** npm's cache. */
  cache: string;
  /** Packages whose tarball is larger are left out. */
  mostBytes: number;
}

/** Writes a project of packages of a lock file; returns how many it has, or throws what npm's cache lacks. */
export function writeNpmProject(folder: string, { lockFile, cache, mostBytes }: NpmSource): number {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, Locked> };
  const { tarballs: all } = getNpmProject(packages);
  const lacking = all.filter(({ integrity }) => !existsSync(getCachedPath(cache, integrity)));
  if (lacking.length > 0)
    throw new Error(`npm's cache lacks ${lacking.length} of ${all.length} packages: npm ci --ignore-scripts`);
  const isSmall = ([, { integrity = '' }]: [string, Locked]) => {
    const path = getCachedPath(cache, integrity);
    return existsSync(path) && statSync(path).size <= mostBytes;
  };
  const chosen = Object.fromEntries(Object.entries(packages).filter(isSmall));
  const { packageJson, lock, tarballs } = getNpmProject(chosen);
  mkdirSync(join(folder, 'tarballs'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(packageJson));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  for (const { file, integrity } of tarballs)
    copyFileSync(getCachedPath(cache, integrity), join(folder, file));
  return tarballs.length;
}
