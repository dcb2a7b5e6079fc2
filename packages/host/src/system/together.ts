/**
 * Runs what does not depend on each other at once. When one fails the others are aborted and waited for, so that nothing
 * is still at work when the caller starts to undo; then the first failure is thrown.
 */
export async function runTogether<T extends readonly unknown[]>(
  signal: AbortSignal,
  work: { [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> },
): Promise<T> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  let first: { error: unknown } | undefined;
  const results = await Promise.all(
    work.map(async (task) => {
      try {
        return await task(both);
      } catch (error) {
        first ??= { error };
        failed.abort(error);
        return undefined;
      }
    }),
  );
  if (first) throw first.error;
  return results as unknown as T;
}
