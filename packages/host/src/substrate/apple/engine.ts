import { BASE_ENV, type RunOptions, type RunResult, run } from '../../system/exec.ts';
import { getEngineProblem, getOddAnswerProblem } from './failure.ts';

type EngineRunOptions = Omit<RunOptions, 'env' | 'owner' | 'outputFile'>;

/** `container` on this host: the one place that runs it. */
export interface Engine {
  readonly env: { PATH: string };
  run(argv: readonly string[], options: EngineRunOptions): Promise<RunResult>;
  /** Runs it and reads what it printed by `parse`. Throws a problem that says it could not `action`. */
  ask<T>(
    action: string,
    argv: readonly string[],
    options: EngineRunOptions & { parse: (text: string) => T },
  ): Promise<T>;
}

export function createEngine(path: string = BASE_ENV.PATH): Engine {
  const env = { PATH: path };
  const runEngine: Engine['run'] = (argv, options) => run(argv, { ...options, env });
  return {
    env,
    run: runEngine,
    async ask(action, argv, { parse, ...options }) {
      const result = await runEngine(argv, options);
      if (!result.ok) throw getEngineProblem(action, result);
      try {
        // Progress and warnings go to stderr, data to stdout.
        return parse(result.stdout);
      } catch (error) {
        throw getOddAnswerProblem(action, result.stdout, error);
      }
    },
  };
}
