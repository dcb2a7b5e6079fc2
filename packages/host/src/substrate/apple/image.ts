import { realpath } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { getTail } from '../../system/exec.ts';
import type { BuildContext } from '../substrate.ts';
import { getBuildArgv, getImageArgv, getImageListArgv, getTagArgv } from './argv.ts';
import type { Context } from './context.ts';
import { getEngineProblem, getOddAnswerProblem } from './failure.ts';
import { parseImageNames, parseImageProgram } from './parse.ts';

const KEPT_LINES = 200;
const TOLD_LINES = 15;

/** What the image runs; undefined where there is no such image. */
export async function getImageProgram(
  tag: string,
  signal: AbortSignal,
  { engine, deadlines }: Context,
): Promise<string[] | undefined> {
  const action = `look at the image ${tag}`;
  const result = await engine.run(getImageArgv(tag), { timeoutMs: deadlines.query, signal });
  if (!result.ok) {
    if (result.cancelled || result.timedOut || result.notFound) throw getEngineProblem(action, result);
    const names = await engine.ask('list the images', getImageListArgv(), {
      timeoutMs: deadlines.query,
      signal,
      parse: parseImageNames,
    });
    if (!names.includes(tag)) return undefined;
    throw getEngineProblem(action, result);
  }
  // Before 1.0 what is missing is an empty list, and no failure.
  if (/^\s*\[\s*\]\s*$/.test(result.stdout)) return undefined;
  try {
    return parseImageProgram(result.stdout);
  } catch (error) {
    throw getOddAnswerProblem(action, result.stdout, error);
  }
}

/** Builds the image. Throws `image-build-failed` with the last lines of the build. */
export async function buildImage(build: BuildContext, { engine, deadlines }: Context): Promise<void> {
  const { tag, alias, signal } = build;
  const kept: string[] = [];
  const onLine = (line: string) => {
    kept.push(line);
    if (kept.length > KEPT_LINES) kept.shift();
    build.onLine(line);
  };
  const argv = getBuildArgv({ ...build, folder: await realpath(build.folder) });
  const result = await engine.run(argv, { timeoutMs: deadlines.build, signal, onLine, keepOutput: false });
  if (result.cancelled) {
    throw new ProblemError({ code: 'interrupted', message: 'the image build was interrupted' });
  }
  if (result.notFound) throw getEngineProblem('build the image', result);
  if (!result.ok) {
    throw new ProblemError({
      code: 'image-build-failed',
      message: result.timedOut ? 'the image build took too long' : `the image ${tag} could not be built`,
      why: getTail(kept.join('\n'), TOLD_LINES),
      fix: 'cspace image build',
    });
  }
  if (alias === undefined) return;
  const tagged = await engine.run(getTagArgv(tag, alias), { timeoutMs: deadlines.query, signal });
  if (!tagged.ok) throw getEngineProblem(`give the image the name ${alias}`, tagged);
}
