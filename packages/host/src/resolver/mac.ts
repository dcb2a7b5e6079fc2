import { rmdirSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { run } from '../system/exec.ts';
import { ensureFolder, writeFileAtomic } from '../system/files.ts';
import { HOST_FILES } from '../system/paths.ts';
import type { Form, Trouble } from './form.ts';
import { getResolverFiles, hasResolver, isOurs } from './mac-files.ts';

const FOLDER = HOST_FILES.macResolvers;
const TIMEOUT_MS = 10_000;

/** Files in /etc/resolver: macOS reads them by itself, so nobody has to keep them. */
export const macForm: Form = {
  name: 'macos',
  title: `files in ${FOLDER}`,
  wildcards: true,
  describe: (target) => getResolverFiles(target).map(({ zone }) => `a file ${join(FOLDER, zone)}`),
  async apply(target, signal) {
    const files = getResolverFiles(target).map(({ zone, text }) => ({ path: join(FOLDER, zone), text }));
    for (const { path } of files) await refuseForeign(path);
    try {
      await ensureFolder(FOLDER, { mode: 0o755 });
      for (const { path, text } of files) await writeFileAtomic(path, text, { mode: 0o644 });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw unusable(`could not write to ${FOLDER}`, why, `ls -ldO ${FOLDER}`);
    }
    await forgetAnswers(signal);
  },
  async revert(target, signal) {
    for (const { zone } of getResolverFiles(target)) {
      const path = join(FOLDER, zone);
      if (isOurs((await read(path)) ?? '')) await rm(path, { force: true });
    }
    try {
      rmdirSync(FOLDER);
    } catch {
      // Somebody else has files there, or it is gone.
    }
    await forgetAnswers(signal);
  },
  async check(target, signal) {
    const files = getResolverFiles(target);
    for (const { zone, text } of files) {
      const path = join(FOLDER, zone);
      if ((await read(path)) !== text)
        return { why: `${path} is not as it was written`, fix: 'cspace dns install' };
    }
    const zones = files.map(({ zone }) => zone);
    return checkTaken(zones, target.port, signal);
  },
};

/** What is there may be a file of the user's own. */
async function refuseForeign(path: string): Promise<void> {
  const there = await read(path);
  if (there === undefined || isOurs(there)) return;
  throw unusable(`${path} is there, and not ours`, 'somebody else answers for that domain', `cat ${path}`);
}

async function checkTaken(
  zones: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Trouble | undefined> {
  const { ok, stdout } = await run(['scutil', '--dns'], { timeoutMs: TIMEOUT_MS, signal });
  const left = ok ? zones.find((zone) => !hasResolver(stdout, zone, port)) : undefined;
  return left === undefined
    ? undefined
    : { why: `macOS does not ask as ${join(FOLDER, left)} says`, fix: 'sudo killall -HUP mDNSResponder' };
}

/** What was not found a moment ago is remembered. It may fail: then it is forgotten by itself, a little later. */
async function forgetAnswers(signal: AbortSignal): Promise<void> {
  await run(['dscacheutil', '-flushcache'], { timeoutMs: TIMEOUT_MS, signal });
  await run(['killall', '-HUP', 'mDNSResponder'], { timeoutMs: TIMEOUT_MS, signal });
}

const read = (path: string) => readFile(path, 'utf8').catch(() => undefined);

const unusable = (message: string, why: string, fix: string) =>
  new ProblemError({ code: 'host-unsupported', message, why, fix });
