import { existsSync } from 'node:fs';
import { lchown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { getTail, type RunResult, run } from '../system/exec.ts';
import { ensureFolder } from '../system/files.ts';
import { getHomeFolder } from '../system/home.ts';
import type { Owner } from '../system/owner.ts';

/** The programs of the sandbox: name of the bundle → where it starts. */
export const BUNDLES = {
  'cspace.js': 'packages/host/src/main.ts',
  'cspace-supervisor.js': 'packages/supervisor/src/main.ts',
  'cspace-relay.js': 'packages/supervisor/src/relay/main.ts',
} as const;

const INSTALL_TIMEOUT_MS = 5 * 60_000;
const BUNDLE_TIMEOUT_MS = 60_000;
/** Debian's list of all trusted authorities: with it Bun trusts what the host trusts. */
const HOST_TRUST = '/etc/ssl/certs/ca-certificates.crt';

export interface BundleOptions {
  /** A copy of the checkout's manifests, lock file and sources; owned by `owner`, to be thrown away. */
  folder: string;
  cache: string;
  owner: Owner;
  signal: AbortSignal;
}

/**
 * Installs what the sources need beside them and bundles them, all as the owner. Returns the folder of the bundles.
 * Optional packages are left out: one is the agent SDK's native program of 364 MB, which the image has already.
 * Bun does it, not npm: it is the one program here that surely runs, also for a daemon behind sudo, whose PATH lacks
 * the Node of a version manager. Throws ProblemError `image-build-failed`.
 */
export async function bundle({ folder, cache, owner, signal }: BundleOptions): Promise<string> {
  const packages = join(cache, 'packages');
  await ensureFolder(packages, { owner });
  const home = await getHomeFolder(owner, signal);
  const env = {
    // The owner's .npmrc is read: it may name a company's registry.
    ...(home === undefined ? {} : { HOME: home }),
    ...(existsSync(HOST_TRUST) ? { NODE_EXTRA_CA_CERTS: HOST_TRUST } : {}),
    BUN_INSTALL_CACHE_DIR: packages,
    // A standalone binary runs as the Bun it was made from.
    BUN_BE_BUN: '1',
    DO_NOT_TRACK: '1',
  };
  const bun = (args: readonly string[], timeoutMs: number) =>
    run([process.execPath, ...args], { cwd: folder, owner, env, signal, timeoutMs });

  check(await bun(getInstallArgs(), INSTALL_TIMEOUT_MS), 'the packages of the bundles could not be fetched');
  const out = join(folder, 'out');
  await mkdir(out, { mode: 0o755 });
  if (process.getuid?.() === 0) await lchown(out, owner.uid, owner.gid);
  for (const [name, entry] of Object.entries(BUNDLES)) {
    const args = ['build', '--target=bun', entry, '--outfile', join(out, name)];
    check(await bun(args, BUNDLE_TIMEOUT_MS), `${entry} could not be bundled`);
  }
  return out;
}

/** Exactly what the lock file says, for the two packages that are bundled; no script of a package runs. */
export function getInstallArgs(): string[] {
  return [
    ...['install', '--frozen-lockfile', '--production', '--omit=optional', '--ignore-scripts'],
    ...['--filter', 'cspace', '--filter', '@cspace/supervisor'],
  ];
}

function check(result: RunResult, message: string): void {
  if (result.ok) return;
  if (result.cancelled)
    throw new ProblemError({ code: 'interrupted', message: 'the image build was interrupted' });
  throw new ProblemError({
    code: 'image-build-failed',
    message,
    why: result.timedOut ? 'it took too long' : getTail(result.stderr || result.stdout),
    fix: 'cspace image build',
  });
}
