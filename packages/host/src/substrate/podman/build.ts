import { ProblemError } from '@cspace/protocol/problem';
import { getTail } from '../../system/exec.ts';
import type { BuildContext } from '../substrate.ts';
import { getBuildArgv } from './argv.ts';
import type { Engine } from './engine.ts';

const KEPT_LINES = 200;
const TOLD_LINES = 15;

/** Builds the image in a process of its own. Throws `image-build-failed` with the last lines of the build. */
export async function buildImage(engine: Engine, context: BuildContext, timeoutMs: number): Promise<void> {
  const kept: string[] = [];
  const onLine = (line: string) => {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    context.onLine(line);
  };
  // A daemon that is killed takes its build along.
  const argv = ['setpriv', '--pdeathsig', 'TERM', ...getBuildArgv(context)];
  const result = await engine.run(argv, { timeoutMs, signal: context.signal, onLine, keepOutput: false });
  if (result.ok) return;
  if (result.cancelled) {
    throw new ProblemError({ code: 'interrupted', message: 'the image build was interrupted' });
  }
  throw new ProblemError({
    code: 'image-build-failed',
    message: result.timedOut
      ? 'the image build took too long'
      : `the image ${context.tag} could not be built`,
    why: getTail(kept.join('\n'), TOLD_LINES),
    fix: 'cspace image build',
  });
}
