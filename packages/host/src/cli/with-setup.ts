import { type ProblemCode, ProblemError } from '@cspace/protocol/problem';
import type { CliContext } from './context.ts';
import type { SetupOptions } from './offer-setup.ts';

/** How a missing package can show; whether one is missing is then looked up. */
const SYMPTOMS: readonly ProblemCode[] = [
  'engine-missing',
  'engine-too-old',
  'network-unavailable',
  'machine-failed',
  'image-build-failed',
];

/**
 * Does the work; where this machine turns out to lack something, installs that (asking on a terminal unless `yes`) and
 * does it again. Looking for what is missing only after a failure keeps the usual case quick.
 */
export async function withSetup<T>(
  context: CliContext,
  options: SetupOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemError) || !SYMPTOMS.includes(error.problem.code)) throw error;
    const { offerSetup } = await import('./offer-setup.ts');
    if (!(await offerSetup(context, options))) throw error;
    return work();
  }
}
