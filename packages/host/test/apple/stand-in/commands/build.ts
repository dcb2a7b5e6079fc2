import { existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getFlag, getFlags, hasFlag } from '../cli/flags.ts';
import { ensureEngine, getEngineEnv } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { getFullReference } from '../images/find.ts';
import { print, printError } from '../output.ts';
import { getPaths, writeJson } from '../state.ts';
import { isSince } from '../versions.ts';
import { type Context, getArgument, type Handler } from './context.ts';

/** What the builder's channel carries at most. */
const MOST_DOCKERFILE_BYTES = 16 * 1024;

/** Has the builder's machine running from then on, as on a Mac. */
export const build: Handler = async (context) => {
  const { world, version, request } = context;
  const folder = resolve(getArgument(context) || '.');
  const file = resolve(getFlag(request, '--file') ?? join(folder, 'Dockerfile'));
  if (!existsSync(folder)) throw new Failure('invalidArgument', `context dir does not exist: ${folder}`);
  if (!existsSync(file)) throw new Failure('notFound', `dockerfile not found at ${file}`);
  if (isSince(version, '1.0.0') && statSync(file).size >= MOST_DOCKERFILE_BYTES)
    throw new Failure(
      'internalError',
      'failed to build',
      new Failure('unknown', 'metadata size exceeds limit (16384)'),
    );
  writeJson(getPaths(world).builder, { running: true });
  const names = getFlags(request, '--tag');
  const sent = getSentContext(folder, world.state);
  try {
    const code = await runBuild(context, { file, sent, names });
    if (code !== 0) throw new Failure('unknown', 'failed to solve: process did not complete successfully');
  } finally {
    if (sent !== folder) rmSync(sent, { recursive: true });
  }
  for (const name of names) print(`Successfully built ${getFullReference(name)}`);
  return 0;
};

/** The folder itself; nothing of it where a symbolic link led there. */
function getSentContext(folder: string, state: string): string {
  if (realpathSync(folder) === folder) return folder;
  const empty = join(state, `empty-${process.pid}`);
  mkdirSync(empty);
  return empty;
}

/** Its lines are progress, on stderr. */
async function runBuild(
  { world, request }: Context,
  { file, sent, names }: { file: string; sent: string; names: readonly string[] },
): Promise<number> {
  await ensureEngine(world);
  const target = getFlag(request, '--target');
  const argv = [
    ...['podman', 'build', '--isolation', 'chroot', '--layers', '--file', file],
    ...names.flatMap((name) => ['--tag', name]),
    ...getFlags(request, '--build-arg').flatMap((pair) => ['--build-arg', pair]),
    ...getFlags(request, '--label').flatMap((pair) => ['--label', pair]),
    ...getFlags(request, '--secret').flatMap((secret) => ['--secret', secret]),
    ...(target === undefined ? [] : ['--target', target]),
    ...(hasFlag(request, '--no-cache') ? ['--no-cache'] : []),
    sent,
  ];
  const quiet = hasFlag(request, '--quiet');
  const child = Bun.spawn(argv, {
    env: getEngineEnv(world),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const pass = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const bytes of stream) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (!quiet) for (const line of lines) printError(line);
    }
    if (rest !== '') printError(rest);
  };
  await Promise.all([pass(child.stdout), pass(child.stderr)]);
  return child.exited;
}
