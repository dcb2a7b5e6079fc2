import { expect, test } from 'bun:test';
import { startStallTimer } from './stall-timer.ts';

test('startStallTimer: calls once after silence, not while touched', async () => {
  let stalls = 0;
  const timer = startStallTimer(200, () => {
    stalls += 1;
  });
  for (let i = 0; i < 10; i += 1) {
    await Bun.sleep(40);
    timer.touch();
  }
  expect(stalls).toBe(0);
  await Bun.sleep(600);
  expect(stalls).toBe(1);
  timer.stop();
});

test('startStallTimer: a pause of the whole process counts as one tick', async () => {
  let stalls = 0;
  const timer = startStallTimer(400, () => {
    stalls += 1;
  });
  Bun.sleepSync(1000);
  await Bun.sleep(100);
  expect(stalls).toBe(0);
  timer.stop();
});
