import { expect } from 'bun:test';
import { type ProblemCode, toProblem } from '@cspace/protocol/problem';
import type { testUnless } from '../support/test-unless.ts';
import type { Harness } from './harness.ts';

/** What each part of the suite works with. */
export interface Contract {
  /** With the deadline that suits the implementation. */
  test: ReturnType<typeof testUnless>;
  /** Of the implementation that is tried just now; there while a test runs. */
  h: () => Harness;
}

/**
 * Boot scripts: the first program of a test machine is `sh /workspace/boot`. A machine runs before its script has come
 * to what it does about a signal: `waitUntilListening` is for tests that want just that.
 */
export const BOOT = {
  polite: 'trap "exit 7" TERM; : >/tmp/listens; sleep 1000 & wait',
  stubborn: 'trap "" TERM; : >/tmp/listens; while :; do sleep 1; done',
  ends42: 'exit 42',
  hungry: 'exec tail /dev/zero',
} as const;

/** Waits until a `polite` or `stubborn` machine would do as it is called. */
export function waitUntilListening(h: Harness, name: string): Promise<void> {
  return h.waitFor(
    `${name} listens`,
    async () => (await h.exec(name, ['test', '-e', '/tmp/listens'])).code === 0,
  );
}

export async function expectProblem(promise: Promise<unknown>, code: ProblemCode): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeDefined();
  expect(toProblem(error).code).toBe(code);
}
