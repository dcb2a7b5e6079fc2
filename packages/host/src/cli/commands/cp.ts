import { ProblemError } from '@cspace/protocol/problem';
import type { CliContext } from '../context.ts';
import type { Copied, Run } from '../copy/copy.ts';
import { copyIn } from '../copy/copy-in.ts';
import { copyOut } from '../copy/copy-out.ts';
import { parseCopy } from '../copy/places.ts';
import { printJson } from '../output/json.ts';
import { createProgress } from '../output/progress.ts';
import { toOneLine } from '../output/terminal-text.ts';
import { resolveRef } from '../resolve-ref.ts';
import { runInSandbox } from '../run-in-sandbox.ts';

export interface CpArguments {
  from: string;
  to: string;
}

export interface CpFlags {
  json?: boolean;
  root?: boolean;
}

const PROGRESS_MS = 500;
/** Of what was left out, by name. */
const MOST_NAMED = 3;

export async function runCp(context: CliContext, { from, to }: CpArguments, flags: CpFlags): Promise<number> {
  const copy = parseCopy(from, to, context.cwd);
  const ref = await resolveRef(context, copy.name);
  const run: Run = (argv, streams) =>
    runInSandbox(context, {
      ...{ ref, argv, tty: false, user: flags.root ? 'root' : 'dev', cwd: '/workspace' },
      ...streams,
    });
  const progress = createProgress(context.stderr);
  let shownAt = performance.now();
  const onProgress = (copied: Copied) => {
    if (!context.stderr.isTerminal || performance.now() - shownAt < PROGRESS_MS) return;
    shownAt = performance.now();
    progress.show(formatCounts(copied));
  };
  try {
    const copied = await (copy.direction === 'in' ? copyIn : copyOut)(copy, { run, onProgress });
    progress.clear();
    if (flags.json) printJson(context.stdout, copied);
    else sayLeftOut(context, copied);
    return 0;
  } catch (error) {
    progress.clear();
    if (context.signal.aborted) throw new ProblemError({ code: 'interrupted', message: 'interrupted' });
    throw error;
  }
}

function sayLeftOut({ stderr }: CliContext, { leftOut }: Copied): void {
  if (leftOut.length === 0) return;
  const more = leftOut.length > MOST_NAMED ? `, and ${leftOut.length - MOST_NAMED} more` : '';
  const names = leftOut.slice(0, MOST_NAMED).join(', ') + more;
  stderr.write(`${toOneLine(`left out, as no file, folder or link within: ${names}`, 500)}\n`);
}

function formatCounts({ files, bytes }: Copied): string {
  return `${files} file${files === 1 ? '' : 's'}, ${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
