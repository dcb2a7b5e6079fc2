import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ENGINE_FILES,
  getContainersConf,
  getRuntimeWrapper,
} from '../../../../src/substrate/podman/engine-files.ts';
import { ensureFolder, getPaths, type World } from '../state.ts';
import { getHook, getHookScript } from './hook.ts';

export interface EngineResult {
  ok: boolean;
  code: number;
  stdout: string;
  stderr: string;
}

/** As cspace's own BASE_ENV, which is not imported: what it comes with takes longer to load than all of this. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const TIMEOUT_MS = 60_000;

const getConf = (world: World): string => join(getPaths(world).engine, ENGINE_FILES.conf);

/** What podman wants in its environment. */
export const getEngineEnv = (world: World) => ({
  PATH,
  LANG: 'C.UTF-8',
  HOME: '/root',
  CONTAINERS_CONF: getConf(world),
});

/** Podman's configuration for this host, as cspace's own podman has it, and a hook of ours. Once. */
export async function ensureEngine(world: World): Promise<void> {
  const conf = getConf(world);
  if (existsSync(conf)) return;
  const folder = ensureFolder(getPaths(world).engine);
  const hooks = ensureFolder(join(folder, 'hooks'));
  // Only now: this is needed once.
  const { getHostFacts } = await import('../../../../src/substrate/podman/facts.ts');
  const facts = await getHostFacts(PATH);
  const wrapper = getRuntimeWrapper(facts);
  if (wrapper !== undefined) writeFileSync(join(folder, ENGINE_FILES.runtime), wrapper, { mode: 0o755 });
  const script = join(folder, 'poststop');
  writeFileSync(script, getHookScript(world), { mode: 0o755 });
  writeFileSync(join(hooks, 'poststop.json'), JSON.stringify(getHook(script)));
  const text = getContainersConf(facts, folder, 4);
  const beside = `${conf}.${process.pid}`;
  writeFileSync(beside, text.replace('[engine]\n', `[engine]\nhooks_dir = ["${hooks}"]\n`));
  renameSync(beside, conf);
}

/** The limits of processes that podman's configuration has for this host; none where it may raise them. */
export function getDefaultUlimits(world: World): string[] {
  const line = /^default_ulimits = (.*)$/m.exec(readFileSync(getConf(world), 'utf8'))?.[1];
  return line === undefined ? [] : (JSON.parse(line) as string[]);
}

/**
 * Runs podman to its end. What it starts keeps its streams, so they are files. `busy` names a file with its pid in it:
 * when we are killed it goes on, as Apple's server would, and the next call has to wait for it.
 */
export async function podman(world: World, argv: readonly string[], busy?: string): Promise<EngineResult> {
  await ensureEngine(world);
  const folder = getPaths(world).engine;
  const out = join(folder, `out-${process.pid}-${performance.now()}`);
  const child = Bun.spawn(['podman', ...argv], {
    cwd: folder,
    env: getEngineEnv(world),
    stdin: 'ignore',
    stdout: Bun.file(`${out}.1`),
    stderr: Bun.file(`${out}.2`),
    timeout: TIMEOUT_MS,
  });
  if (busy !== undefined) writeFileSync(busy, String(child.pid));
  const code = await child.exited;
  if (busy !== undefined) rmSync(busy, { force: true });
  const [stdout = '', stderr = ''] = ['1', '2'].map((end) => {
    const text = readFileSync(`${out}.${end}`, 'utf8');
    rmSync(`${out}.${end}`);
    return text;
  });
  return { ok: code === 0, code, stdout, stderr };
}

/** Becomes podman: streams, terminal and signals are its own then, and its exit code is ours. */
export function becomePodman(world: World, argv: readonly string[]): never {
  const file = Bun.which('podman', { PATH: PATH }) ?? 'podman';
  const { TERM } = process.env;
  if (!process.execve) throw new Error('this Bun has no execve');
  process.execve(file, ['podman', ...argv], {
    ...getEngineEnv(world),
    ...(TERM === undefined ? {} : { TERM }),
  });
  throw new Error('execve returned');
}
