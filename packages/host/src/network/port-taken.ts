import { ProblemError } from '@cspace/protocol/problem';
import { findPortHolder, type PortHolder, type PortQuestion } from '../system/port-holder.ts';

/** `port-taken`, that names who has it. `key`: of `ports` in config.json. */
export async function createPortTakenProblem(
  question: PortQuestion & { key: 'dns' | 'http' },
): Promise<ProblemError> {
  const { protocol, address, port, key } = question;
  const holder = await findPortHolder(question);
  return new ProblemError({
    code: 'port-taken',
    message: `${protocol.toUpperCase()} port ${port} on ${address} is taken`,
    why: describe(holder),
    fix: `end that program, or set "ports": {"${key}": N} in config.json to a port that is free, then: cspace daemon stop`,
  });
}

function describe(holder: PortHolder | undefined): string {
  if (!holder) return 'another program had it, which has left it since';
  const { user, process } = holder;
  return process
    ? `${process.program} (pid ${process.pid}) of user ${user} has it`
    : `a program of user ${user} has it`;
}
