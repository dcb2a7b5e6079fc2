import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundleMutant, type Mutation } from './mutations.ts';
import { ENGINE_LABEL } from './stand-in/containers/engine-argv.ts';
import { removeFromEngine } from './stand-in/containers/remove.ts';
import { podman } from './stand-in/engine/engine.ts';
import type { Knobs } from './stand-in/knobs.ts';
import { getPaths, getWorld, type World, writeJson } from './stand-in/state.ts';
import type { Version } from './stand-in/versions.ts';

export interface StandInOptions {
  /** Ours alone, and there. */
  folder: string;
  version: Version;
}

export interface StandIn {
  /** To be put first on a PATH; has `container` and nothing else. */
  bin: string;
  state: string;
  /** From the next call on, whoever makes it; what was set before is forgotten. */
  setKnobs(knobs: Knobs): void;
  container(argv: readonly string[], options?: CallOptions): Promise<ContainerResult>;
  /** Takes away all that it has made: machines, bridges, files. */
  dispose(): Promise<void>;
}

export interface CallOptions {
  input?: string;
  cwd?: string;
  /** Another one for this call alone. */
  version?: Version;
}

export interface ContainerResult {
  code: number;
  stdout: string;
  stderr: string;
}

export const PROGRAM = 'container.js';
const TIMEOUT_MS = 60_000;
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * A folder with the stand-in `container`. Version and state are in the script: whoever calls it, the daemon above all,
 * passes on nothing of a test's environment. What is set there goes before, all the same.
 */
export function installStandIn({ folder, version }: StandInOptions): StandIn {
  const [bin, state] = [join(folder, 'bin'), join(folder, 'state')];
  for (const path of [bin, state]) mkdirSync(path, { recursive: true });
  const program = join(folder, PROGRAM);
  if (!existsSync(program)) bundle(program);
  const file = join(bin, 'container');
  writeFileSync(file, getScript(program, { state, version }));
  chmodSync(file, 0o755);
  const world = getWorld(version, state);
  return {
    bin,
    state,
    setKnobs: (knobs) => writeJson(getPaths(world).knobs, knobs),
    async container(argv, { input = '', cwd = folder, version: other = version } = {}) {
      const child = Bun.spawn([file, ...argv], {
        cwd,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', CSPACE_STANDIN_VERSION: other },
        stdin: new TextEncoder().encode(input),
        stdout: 'pipe',
        stderr: 'pipe',
        timeout: TIMEOUT_MS,
      });
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { code, stdout, stderr };
    },
    async dispose() {
      // Before the first machine or image there is none.
      if (existsSync(getPaths(world).engine)) await removeMachines(world);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same with one documented behaviour being another one. */
export async function installMutant(options: StandInOptions, mutation: Mutation): Promise<StandIn> {
  await bundleMutant(join(options.folder, PROGRAM), mutation);
  return installStandIn(options);
}

async function removeMachines(world: World): Promise<void> {
  const filter = ['--filter', `label=${ENGINE_LABEL}=${world.hash}`];
  const listed = await podman(world, ['ps', '--all', ...filter, '--format', '{{.Names}}']);
  for (const name of listed.stdout.split('\n').filter(Boolean)) await removeFromEngine(world, name);
}

/** One file instead of many: it is called often, and to read them all takes longer than most commands. */
function bundle(program: string): void {
  const main = join(import.meta.dir, 'stand-in/main.ts');
  // As byte code, which stands beside it.
  const flags = ['--target=bun', '--format=cjs', '--bytecode', '--minify'];
  const to = [`--outdir=${dirname(program)}`, `--entry-naming=${PROGRAM}`];
  const argv = [process.execPath, 'build', ...flags, ...to, main];
  const { success, stderr } = Bun.spawnSync(argv, { stdout: 'ignore', stderr: 'pipe', timeout: TIMEOUT_MS });
  if (!success) throw new Error(`cannot bundle the stand-in: ${stderr}`);
}

function getScript(program: string, { state, version }: { state: string; version: Version }): string {
  return `#!/bin/sh
: "\${CSPACE_STANDIN_VERSION:=${version}}" "\${CSPACE_STANDIN_STATE:=${state}}"
export CSPACE_STANDIN_VERSION CSPACE_STANDIN_STATE
exec ${quote(process.execPath)} --no-env-file --config=/dev/null ${quote(program)} "$@"
`;
}
