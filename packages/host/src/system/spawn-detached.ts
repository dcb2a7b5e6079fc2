import { spawn } from 'node:child_process';
import type { Owner } from './owner.ts';

export interface DetachedOptions {
  /** The whole environment. */
  env: Record<string, string | undefined>;
  /** Run as this user instead of ourselves (needs root). */
  owner: Owner;
  /** What still runs then has started. */
  failWithinMs: number;
}

/**
 * Starts a program that outlives us: a session of its own, and none of our streams. Returns why it could not, undefined
 * where it runs, or has ended well.
 */
export function spawnDetached(
  argv: readonly string[],
  { env, owner, failWithinMs }: DetachedOptions,
): Promise<string | undefined> {
  const [file = '', ...args] = argv;
  const changesUser = owner.uid !== process.getuid?.();
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      detached: true,
      stdio: 'ignore',
      env,
      ...(changesUser ? { uid: owner.uid, gid: owner.gid } : {}),
    });
    const timer = setTimeout(() => resolve(undefined), failWithinMs);
    const finish = (why: string | undefined) => {
      clearTimeout(timer);
      resolve(why);
    };
    child.once('error', (error: NodeJS.ErrnoException) =>
      finish(error.code === 'ENOENT' ? 'not installed' : error.message),
    );
    child.once('exit', (code) => finish(code === 0 ? undefined : `ended with ${code ?? 'a signal'}`));
    child.unref();
  });
}
