import { test } from 'bun:test';

// biome-ignore lint/suspicious/noConfusingVoidType: the very type that bun's test takes
type Body = () => void | Promise<unknown>;

/**
 * `test` where `reason` is undefined; else a skipped test that carries the reason in its name, since that is all that a
 * report of skipped tests shows. scripts/test fails on a skip without one.
 */
export function testUnless(
  reason: string | undefined,
): (name: string, body: Body, timeoutMs?: number) => void {
  return (name, body, timeoutMs) =>
    reason === undefined ? test(name, body, timeoutMs) : test.skip(`${name} (skipped: ${reason})`, body);
}
