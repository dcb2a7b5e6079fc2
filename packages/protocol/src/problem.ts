import { z } from 'zod';

/** Who has to act: the caller, whoever keeps the machine, or we. */
type Blame = 'user' | 'environment' | 'cspace';

interface Kind {
  exit: number;
  http: number;
  blame: Blame;
}

/**
 * Every way in which cspace says "could not". Exit codes: 1 failed, 2 usage or config, 3 environment, 4 not found,
 * 5 conflict, 70 a bug of ours (EX_SOFTWARE of sysexits.h), 130 interrupted (128 + SIGINT).
 */
export const PROBLEMS = {
  usage: { exit: 2, http: 400, blame: 'user' },
  'config-invalid': { exit: 2, http: 400, blame: 'user' },
  'name-invalid': { exit: 2, http: 400, blame: 'user' },
  'not-a-repository': { exit: 2, http: 400, blame: 'user' },
  'repository-unusable': { exit: 2, http: 400, blame: 'user' },
  'credentials-invalid': { exit: 2, http: 400, blame: 'user' },
  unauthorized: { exit: 3, http: 401, blame: 'user' },
  'needs-root': { exit: 3, http: 403, blame: 'environment' },
  'host-unsupported': { exit: 3, http: 503, blame: 'environment' },
  'engine-missing': { exit: 3, http: 503, blame: 'environment' },
  'engine-too-old': { exit: 3, http: 503, blame: 'environment' },
  'network-unavailable': { exit: 3, http: 503, blame: 'environment' },
  'port-taken': { exit: 3, http: 503, blame: 'environment' },
  'image-missing': { exit: 3, http: 503, blame: 'environment' },
  'daemon-unreachable': { exit: 3, http: 503, blame: 'environment' },
  'sandbox-not-found': { exit: 4, http: 404, blame: 'user' },
  'not-found': { exit: 4, http: 404, blame: 'user' },
  'sandbox-busy': { exit: 5, http: 409, blame: 'user' },
  'sandbox-not-running': { exit: 5, http: 409, blame: 'user' },
  'sandbox-broken': { exit: 5, http: 409, blame: 'environment' },
  'project-taken': { exit: 5, http: 409, blame: 'user' },
  'home-conflict': { exit: 5, http: 409, blame: 'user' },
  'work-would-be-lost': { exit: 5, http: 409, blame: 'user' },
  'nothing-to-interrupt': { exit: 5, http: 409, blame: 'user' },
  'turn-conflict': { exit: 5, http: 409, blame: 'user' },
  'too-large': { exit: 2, http: 413, blame: 'user' },
  'method-not-allowed': { exit: 2, http: 405, blame: 'user' },
  'foreign-origin': { exit: 2, http: 403, blame: 'user' },
  'wrong-host': { exit: 2, http: 421, blame: 'user' },
  'too-many-requests': { exit: 1, http: 429, blame: 'user' },
  'image-build-failed': { exit: 1, http: 500, blame: 'environment' },
  'clone-failed': { exit: 1, http: 500, blame: 'environment' },
  'fetch-failed': { exit: 1, http: 500, blame: 'environment' },
  'machine-failed': { exit: 1, http: 500, blame: 'environment' },
  'supervisor-unreachable': { exit: 1, http: 502, blame: 'environment' },
  'turn-failed': { exit: 1, http: 500, blame: 'user' },
  failed: { exit: 1, http: 500, blame: 'environment' },
  interrupted: { exit: 130, http: 499, blame: 'user' },
  internal: { exit: 70, http: 500, blame: 'cspace' },
} as const satisfies Record<string, Kind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A failure as plain data: what happened, why, and the command that mends it. */
export const Problem = z.object({
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
  /** What happened: one sentence, no full stop needed. */
  message: z.string(),
  /** Why; may hold several lines, such as the last ones a foreign program wrote. */
  why: z.string().optional(),
  /** A command, or a short sentence, that mends it. */
  fix: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** The one error that crosses our own function calls on purpose; everything else thrown is a bug of ours. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: { cause?: unknown }) {
    super(problem.message, options);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** Any thrown value as a problem; what is not one of ours becomes `internal`. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `unexpected: ${message}` };
}
