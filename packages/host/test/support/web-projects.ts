import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { patient } from './substrate-under-test.ts';
import type { World } from './world.ts';

/** Small projects of vite and next, a TLS server and a script for Playwright; their packages are in the web image. */
export const WEB = resolve(import.meta.dir, '../fixtures/web');
const PROJECTS = ['vite', 'next', 'tls', 'playwright'];
const START_TIMEOUT_MS = 60_000;

/** Commits the projects to the world's repository, so that each clone has them. */
export function addWebProjects(world: World): void {
  for (const project of PROJECTS) {
    cpSync(join(WEB, project), join(world.repo, project), {
      recursive: true,
      filter: (path) => !path.includes('/node_modules'),
    });
  }
  world.git(['add', '.']);
  world.git(['commit', '-qm', 'web projects']);
}

/** What `npm ci` would do if there were a way out. */
export async function installPackages(world: World, sandbox: string, projects: string[]): Promise<void> {
  const script = 'for project; do cp -r "/opt/web/$project/node_modules" "$project/"; done';
  const copied = await world.cspace(['exec', sandbox, '--', 'sh', '-ec', script, 'sh', ...projects]);
  if (copied.code !== 0) throw new Error(`packages of ${projects}: ${copied.stderr}`);
}

export interface ServerOptions {
  /** A shell command, from the root of the clone. */
  command: string;
  /** What it prints when it listens. */
  ready: RegExp;
}

/** Starts a server in a sandbox as its user would, and gives back how to end it, once it says that it listens. */
export async function startServer(
  world: World,
  sandbox: string,
  { command, ready }: ServerOptions,
): Promise<() => Promise<void>> {
  const child = world.start(['exec', sandbox, '--', 'sh', '-c', command], { timeoutMs: 10 * 60_000 });
  const stop = async () => {
    child.kill('SIGTERM');
    await child.exited;
  };
  let printed = '';
  const listens = readLines(child.stdout, (line) => {
    printed += `${line}\n`;
    return ready.test(line);
  });
  const found = await Promise.race([listens, Bun.sleep(patient(START_TIMEOUT_MS)).then(() => false)]);
  if (found) return stop;
  await stop();
  throw new Error(`\`${command}\` does not listen: ${printed}${await new Response(child.stderr).text()}`);
}

/**
 * Resolves with true at the first line that is wanted, with false at the end of the stream. Reads on in either case: a pipe
 * that nobody reads any more would stop the program.
 */
export function readLines(
  stream: ReadableStream<Uint8Array>,
  isWanted: (line: string) => boolean,
): Promise<boolean> {
  const found = Promise.withResolvers<boolean>();
  const read = async () => {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of stream) {
      const lines = (text + decoder.decode(chunk, { stream: true })).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) if (isWanted(line)) found.resolve(true);
    }
    found.resolve(text !== '' && isWanted(text));
  };
  read().catch(found.reject);
  return found.promise;
}
