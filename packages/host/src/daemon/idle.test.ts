import { describe, expect, test } from 'bun:test';
import { createIdleTimer } from './idle.ts';

function setUp(idleSeconds: number) {
  const state = { busy: false, ended: 0 };
  const timer = createIdleTimer({ idleSeconds, isBusy: () => state.busy, onIdle: () => state.ended++ });
  return { state, timer };
}

describe('createIdleTimer', () => {
  test('ends when nothing happens', async () => {
    const { state } = setUp(0.02);
    await Bun.sleep(60);
    expect(state.ended).toBe(1);
  });

  test('an open request holds it, however long, and the time starts when it ends', async () => {
    const { state, timer } = setUp(0.04);
    const end = timer.begin();
    await Bun.sleep(80);
    expect(state.ended).toBe(0);
    end();
    end();
    expect(timer.getRemainingSeconds()).toBe(1);
    await Bun.sleep(80);
    expect(state.ended).toBe(1);
  });

  test('a running sandbox holds it until touched after its end', async () => {
    const { state, timer } = setUp(0.02);
    state.busy = true;
    await Bun.sleep(60);
    expect(timer.getRemainingSeconds()).toBeNull();
    expect(state.ended).toBe(0);
    state.busy = false;
    timer.touch();
    await Bun.sleep(60);
    expect(state.ended).toBe(1);
  });
});
