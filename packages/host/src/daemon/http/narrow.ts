import type { Problem } from '@cspace/protocol/problem';
import type { SandboxView } from '@cspace/protocol/sandbox';
import type { Audience } from '../service.ts';

/** What a sandbox is told of itself and its siblings: nothing of the host's files. The host is told all of it. */
export function narrowView<V extends SandboxView>(view: V, audience: Audience): V {
  if (audience === 'host') return view;
  const reason = view.state === 'broken' ? { reason: 'its record cannot be read' } : {};
  return { ...view, repository: null, ...reason };
}

/** The same for what went wrong: a bug's message, or a broken record's, may name files of the host. */
export function narrowProblem(problem: Problem, audience: Audience): Problem {
  const { code, message } = problem;
  if (audience === 'host') return problem;
  if (code === 'sandbox-broken') return { code, message };
  if (code === 'internal') return { code, message: 'the daemon failed; its log on the host says how' };
  return problem;
}
