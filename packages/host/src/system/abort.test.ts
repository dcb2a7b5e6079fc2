import { expect, test } from 'bun:test';
import { pause, rejectOnAbort } from './abort.ts';

/** Longer than any test may take. */
const FOR_EVER = 3_600_000;

test('pause: ends when its time is over', async () => {
  await pause(1, new AbortController().signal);
});
test('pause: ends early where the signal comes', async () => {
  const stop = new AbortController();
  const paused = pause(FOR_EVER, stop.signal);
  stop.abort();
  await paused;
});
test('pause: ends at once where the signal came before', async () => {
  await pause(FOR_EVER, AbortSignal.abort());
});
test('rejectOnAbort: rejects with the reason, also where the signal came before', async () => {
  await expect(rejectOnAbort(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  const stop = new AbortController();
  const rejected = rejectOnAbort(stop.signal);
  stop.abort(new Error('later'));
  await expect(rejected).rejects.toThrow('later');
});
