import { expect } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import type { Plug } from '../../src/substrate/substrate.ts';
import { BOOT, type Contract, expectProblem } from './contract.ts';

/** Starting a machine, with the network attached before its first process. */
export function describeStart({ test, h }: Contract): void {
  test('start: attaches before the first process, once, and gives a running machine', async () => {
    const spec = h().spec(
      'mercury',
      'ls /sys/class/net >/workspace/links; trap "exit 7" TERM; sleep 1000 & wait',
    );
    await h().substrate.create(spec, h().signal());
    const plugs: Plug[] = [];
    const attach = (plug: Plug) => {
      plugs.push(plug);
      return h().attach(spec.ref, plug);
    };
    const machine = await h().substrate.start(spec.ref, attach, h().signal());
    expect(machine).toMatchObject({ state: 'running', exitCode: null });
    const [plug] = plugs;
    if (plug?.kind === 'namespace') expect(machine.pid).toBe(plug.pid);
    if (plug?.kind === 'tap') expect(plug.uid).toBeGreaterThan(65_535);
    await h().substrate.start(spec.ref, attach, h().signal());
    expect(plugs).toHaveLength(1);
    await h().waitFor('links', () => h().read('mercury', 'links').includes('lo'));
    expect(h().read('mercury', 'links').trim().split('\n').sort()).toEqual(['eth0', 'lo']);
  });

  test('start: what attachNetwork throws is thrown, and destroy clears up', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    await h().substrate.create(spec, h().signal());
    const fail = () => Promise.reject(new Error('no cable'));
    await expect(h().substrate.start(spec.ref, fail, h().signal())).rejects.toThrow('no cable');
    expect((await h().substrate.inspect(spec.ref, h().signal()))?.state).toBe('created');
    await h().substrate.destroy(spec.ref, h().signal());
    expect(await h().substrate.inspect(spec.ref, h().signal())).toBeUndefined();
  });

  test('start: goes on where an attempt ended after the network was attached', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    await h().substrate.create(spec, h().signal());
    const half = async (plug: Plug) => {
      await h().attach(spec.ref, plug);
      throw new Error('killed');
    };
    await h()
      .substrate.start(spec.ref, half, h().signal())
      .catch(() => undefined);
    const machine = await h().substrate.start(spec.ref, (plug) => h().attach(spec.ref, plug), h().signal());
    expect(machine.state).toBe('running');
  });

  test('start: cut off at any moment, another one runs it and destroy clears up', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    const attach = (plug: Plug) => h().attach(spec.ref, plug);
    let wholeMs = 0;
    for (const part of [0, 0.1, 0.5, 0.9]) {
      await h().substrate.create(spec, h().signal());
      if (part > 0) {
        const cut = AbortSignal.timeout(Math.max(1, Math.round(wholeMs * part)));
        const made = await h().substrate.start(spec.ref, attach, cut).catch(toProblem);
        if ('code' in made) expect(made.code).toBe('interrupted');
      }
      const startedAt = performance.now();
      expect((await h().substrate.start(spec.ref, attach, h().signal())).state).toBe('running');
      wholeMs ||= performance.now() - startedAt;
      await h().substrate.destroy(spec.ref, h().signal());
      expect(await h().substrate.list(h().signal())).toEqual([]);
    }
  });

  test('start: without a machine is sandbox-not-running', async () => {
    await expectProblem(
      h().substrate.start(h().ref('ghost'), (plug) => h().attach(h().ref('ghost'), plug), h().signal()),
      'sandbox-not-running',
    );
  });
}
