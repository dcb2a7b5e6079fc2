import { describe, expect, test } from 'bun:test';
import { createKeyedLock } from './keyed-lock.ts';

const never = new AbortController().signal;

describe('createKeyedLock', () => {
  test('holders of one key follow each other in order', async () => {
    const locks = createKeyedLock();
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map(async (n) => {
        const free = await locks.acquire('a', never);
        await Bun.sleep(5 - n);
        order.push(n);
        free();
      }),
    );
    expect(order).toEqual([1, 2, 3]);
    expect(locks.isHeld('a')).toBe(false);
  });

  test('keys do not wait for each other', async () => {
    const locks = createKeyedLock();
    await locks.acquire('a', never);
    (await locks.acquire('b', never))();
    expect(locks.isHeld('a')).toBe(true);
  });

  test('one that gives up lets nobody past the holder', async () => {
    const locks = createKeyedLock();
    const free = await locks.acquire('a', never);
    const abort = new AbortController();
    const second = locks.acquire('a', abort.signal);
    let third = false;
    const last = locks.acquire('a', never).then((f) => {
      third = true;
      f();
    });
    abort.abort(new Error('gone'));
    expect(second).rejects.toThrow('gone');
    await Bun.sleep(5);
    expect(third).toBe(false);
    free();
    await last;
    expect(locks.isHeld('a')).toBe(false);
  });
});
