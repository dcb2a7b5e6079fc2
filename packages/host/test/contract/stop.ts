import { expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineEvent } from '../../src/substrate/substrate.ts';
import { BOOT, type Contract, waitUntilListening } from './contract.ts';

/** How machines end, and that it is seen. */
export function describeStop({ test, h }: Contract): void {
  test('stop: asks, and the exit code is the machine’s own; start runs it again', async () => {
    await h().boot('mercury', BOOT.polite);
    await waitUntilListening(h(), 'mercury');
    await h().substrate.stop(h().ref('mercury'), 10_000, h().signal());
    expect(await h().substrate.inspect(h().ref('mercury'), h().signal())).toMatchObject({
      state: 'exited',
      exitCode: 7,
      outOfMemory: false,
      pid: null,
    });
    await h().substrate.stop(h().ref('mercury'), 10_000, h().signal());
    const again = await h().substrate.start(
      h().ref('mercury'),
      (plug) => h().attach(h().ref('mercury'), plug),
      h().signal(),
    );
    expect(again.state).toBe('running');
    expect((await h().exec('mercury', ['true'])).code).toBe(0);
  });

  test('stop: forces a machine that does not listen, after the grace', async () => {
    await h().boot('mercury', BOOT.stubborn);
    await waitUntilListening(h(), 'mercury');
    const startedAt = performance.now();
    await h().substrate.stop(h().ref('mercury'), 1000, h().signal());
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    expect(performance.now() - startedAt).toBeLessThan(8000 * h().slowness);
    expect(await h().substrate.inspect(h().ref('mercury'), h().signal())).toMatchObject({
      state: 'exited',
      exitCode: 137,
      outOfMemory: false,
    });
  });

  test('stop: nothing where there is no machine', () =>
    h().substrate.stop(h().ref('ghost'), 1000, h().signal()));

  test('destroy: in every state, and again', async () => {
    const ref = h().ref('mercury');
    for (const state of ['created', 'running', 'exited'] as const) {
      await h().substrate.create(h().spec('mercury', BOOT.polite), h().signal());
      if (state !== 'created') await h().start('mercury');
      if (state === 'exited') await h().substrate.stop(ref, 5000, h().signal());
      expect((await h().substrate.inspect(ref, h().signal()))?.state).toBe(state);
      await h().substrate.destroy(ref, h().signal());
      expect(await h().substrate.inspect(ref, h().signal())).toBeUndefined();
      await h().substrate.destroy(ref, h().signal());
    }
  });

  test('destroy: of `a` leaves `a-b` and `b-a` alone', async () => {
    for (const name of ['a', 'a-b', 'b-a']) await h().boot(name, BOOT.polite);
    await h().substrate.destroy(h().ref('a'), h().signal());
    const left = await h().substrate.list(h().signal());
    expect(left.map((machine) => `${machine.ref.sandbox} ${machine.state}`).sort()).toEqual([
      'a-b running',
      'b-a running',
    ]);
  });

  test('inspect: the exit code of a machine that ended by itself', async () => {
    await h().boot('mercury', BOOT.ends42);
    expect(await h().waitForState('mercury', 'exited')).toMatchObject({ exitCode: 42, outOfMemory: false });
  });

  test('inspect: one that the kernel ended for want of memory says so', async () => {
    await h().boot('mercury', BOOT.hungry);
    expect(await h().waitForState('mercury', 'exited')).toMatchObject({ exitCode: 137, outOfMemory: true });
  });

  test('watch: tells that a machine started, ended and was removed', async () => {
    const events: MachineEvent[] = [];
    const stop = new AbortController();
    const watching = h().substrate.watch((event) => events.push(event), stop.signal);
    await Bun.sleep(300);
    const types = () => events.map((event) => `${event.ref.sandbox} ${event.type}`);
    // Not at once: who reads states now and then sees no start that its end has followed.
    await h().boot('mercury', 'until [ -e /workspace/end ]; do sleep 0.1; done; exit 3');
    await h().waitFor('its start', () => types().includes('mercury started'));
    writeFileSync(join(h().workspace('mercury'), 'end'), '');
    await h().waitFor('its end', () => types().includes('mercury exited'));
    await h().substrate.destroy(h().ref('mercury'), h().signal());
    await h().waitFor('its removal', () => types().includes('mercury removed'));
    stop.abort();
    await watching;
  });
}
