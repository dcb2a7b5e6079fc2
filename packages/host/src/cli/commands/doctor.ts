import { ProblemError } from '@cspace/protocol/problem';
export async function runDoctor(..._: unknown[]): Promise<number> {
  throw new ProblemError({ code: 'failed', message: 'not yet' });
}
