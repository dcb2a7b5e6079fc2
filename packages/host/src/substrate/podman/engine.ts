import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { BASE_ENV, type RunOptions, type RunResult, run } from '../../system/exec.ts';
import { ensureFolder, writeFileAtomic } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';
import { isAtLeast, parseVersion } from '../versions.ts';
import { ENGINE_FILES, getContainersConf, getRuntimeWrapper } from './engine-files.ts';
import { getHostFacts, type HostFacts } from './facts.ts';
import { getEngineProblem, getOddAnswerProblem } from './failure.ts';
import { getTooOldReason, PODMAN_LEAST, UPGRADE } from './requirements.ts';

/** podman on this host: the one place that runs it. */
export interface Engine {
  /** What its commands want in their environment; never secret. */
  readonly env: { PATH: string; CONTAINERS_CONF: string };
  /** Runs it to its end, whatever that is; `action` is not needed. */
  run(argv: readonly string[], options: EngineRunOptions): Promise<RunResult>;
  /** Runs it and gives what it printed. Throws a problem that says it could not `action`. */
  ask(action: string, argv: readonly string[], options: EngineRunOptions): Promise<string>;
}

export interface EngineRunOptions extends Omit<RunOptions, 'env' | 'owner' | 'outputFile'> {
  /** What it starts stays and may keep its output open: it is then given a file instead of a pipe. */
  detached?: boolean;
}

export interface EngineOptions {
  /** Where its configuration for this host is written; ours alone. */
  folder: string;
  /** Whose files the folder and what is in it are. */
  owner: Owner;
  /** PATH to find podman and crun on. */
  path?: string;
  getFacts?: () => Promise<HostFacts>;
}

const VERSION_TIMEOUT_MS = 20_000;

/** The configuration is written before the first command, once: a host does not change under a running daemon. */
export function createEngine(options: EngineOptions): Engine {
  const path = options.path ?? BASE_ENV.PATH;
  const env = { PATH: path, CONTAINERS_CONF: join(options.folder, ENGINE_FILES.conf) };
  let preparing: Promise<void> | undefined;
  let prepared = false;

  const prepare = async () => {
    const [facts, version] = await Promise.all([
      options.getFacts ? options.getFacts() : getHostFacts(path),
      run(['podman', '--version'], { timeoutMs: VERSION_TIMEOUT_MS, env: { PATH: path } }),
    ]);
    if (!version.ok) throw getEngineProblem('tell its version', version);
    const found = parseVersion(version.stdout);
    if (!found) throw getOddAnswerProblem('tell its version', version.stdout, undefined);
    if (!isAtLeast(found, PODMAN_LEAST)) throw getTooOldProblem(found);
    await writeEngineFiles(options, facts, found[0]);
  };
  /** A failure is not kept: what was missing may be installed by the next call. Neither is a file that was deleted. */
  const ensurePrepared = async () => {
    if (prepared && existsSync(env.CONTAINERS_CONF)) return;
    preparing ??= prepare().finally(() => {
      preparing = undefined;
    });
    await preparing;
    prepared = true;
  };
  const runEngine: Engine['run'] = async (argv, runOptions) => {
    await ensurePrepared();
    // In a folder of ours: conmon leaves a file `oom` where it was started.
    const ours = { cwd: options.folder, ...runOptions, env };
    return runOptions.detached ? runDetached(argv, ours, options.folder) : run(argv, ours);
  };
  return {
    env,
    run: runEngine,
    async ask(action, argv, runOptions) {
      const result = await runEngine(argv, runOptions);
      if (!result.ok) throw getEngineProblem(action, result);
      return result.stdout;
    },
  };
}

function getTooOldProblem(version: readonly number[]): ProblemError {
  return new ProblemError({
    code: 'engine-too-old',
    message: `podman ${version.join('.')} is too old`,
    why: getTooOldReason('podman', PODMAN_LEAST),
    fix: UPGRADE,
  });
}

async function runDetached(argv: readonly string[], options: RunOptions, folder: string): Promise<RunResult> {
  const outputFile = join(folder, `${randomBytes(6).toString('hex')}.log`);
  try {
    const result = await run(argv, { ...options, outputFile });
    return { ...result, stderr: await readFile(outputFile, 'utf8').catch(() => '') };
  } finally {
    await rm(outputFile, { force: true });
  }
}

async function writeEngineFiles(
  { folder, owner }: EngineOptions,
  facts: HostFacts,
  podmanMajor: number,
): Promise<void> {
  await ensureFolder(folder, { owner });
  const wrapper = getRuntimeWrapper(facts);
  if (wrapper !== undefined) {
    await writeFileAtomic(join(folder, ENGINE_FILES.runtime), wrapper, { mode: 0o755, owner });
  }
  const conf = getContainersConf(facts, folder, podmanMajor);
  await writeFileAtomic(join(folder, ENGINE_FILES.conf), conf, { mode: 0o644, owner });
}
