import { ProblemError, toProblem } from '@cspace/protocol/problem';
import type { SandboxView } from '@cspace/protocol/sandbox';
import type { Log } from '../../system/log.ts';
import type { Caller } from './callers.ts';

/** What a sandbox is told of itself and its siblings: nothing of the host's files. The host is told all of it. */
export function narrowView<V extends SandboxView>(view: V, { audience }: Caller): V {
  if (audience === 'host') return view;
  const reason = view.state === 'broken' ? { reason: 'its record cannot be read' } : {};
  return { ...view, repository: null, ...reason };
}

/** The same for what went wrong: a bug's message, or a broken record's, may name files of the host. */
export function narrowProblem(error: unknown, { audience }: Caller, log: Log): unknown {
  if (audience === 'host') return error;
  const { code, message } = toProblem(error);
  if (code === 'sandbox-broken') return new ProblemError({ code, message });
  if (code !== 'internal') return error;
  log.error(message, { stack: error instanceof Error ? error.stack : undefined });
  return new ProblemError({ code, message: 'the daemon failed; its log on the host says how' });
}
