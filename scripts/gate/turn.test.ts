import { expect, test } from 'bun:test';
import { takeTurn } from './turn.ts';

const name = `\0cspace-gate-test-${process.pid}`;

test('takeTurn lets one in, and the next when that one is done', async () => {
  const end = await takeTurn(() => {}, AbortSignal.timeout(1000), name);
  let waits = 0;
  const second = takeTurn(
    () => {
      waits += 1;
    },
    AbortSignal.timeout(10_000),
    name,
  );
  await Bun.sleep(50);
  expect(waits).toBe(1);
  await end();
  await (await second)();
});

test('takeTurn ends with its signal', async () => {
  const end = await takeTurn(() => {}, AbortSignal.timeout(1000), name);
  expect(takeTurn(() => {}, AbortSignal.timeout(10), name)).rejects.toThrow();
  await Bun.sleep(1100);
  await end();
});
