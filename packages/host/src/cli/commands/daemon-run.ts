import { PROBLEMS, toProblem } from '@cspace/protocol/problem';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';

/** The daemon itself. Its last words are for the client that started it, which reads them in the log. */
export async function runDaemonRun(context: CliContext, { home }: { home: string }): Promise<number> {
  try {
    const { runDaemon } = await import('../../daemon/main.ts');
    await runDaemon({ home, owner: context.owner });
    return 0;
  } catch (error) {
    const problem = toProblem(error);
    if (problem.code === 'internal' && error instanceof Error) context.stderr.write(`${error.stack ?? ''}\n`);
    printJson(context.stderr, { type: 'problem', problem });
    return PROBLEMS[problem.code].exit;
  }
}
