import { expect } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import { BOOT, type Contract, expectProblem } from './contract.ts';

/** Making a machine: once, whole, or not at all. */
export function describeCreate({ test, h }: Contract): void {
  test('probe: usable, with a version', async () => {
    const probe = await h().substrate.probe(h().signal());
    expect(probe.findings).not.toEqual([]);
    expect(probe).toMatchObject({ usable: true, version: expect.stringMatching(/^\d+\./) });
  });

  test('create: twice gives the same machine, not yet running', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    const first = await h().substrate.create(spec, h().signal());
    const second = await h().substrate.create(spec, h().signal());
    expect(first.state).toBe('created');
    expect(second.id).toBe(first.id);
  });

  test('create: at the same time gives one machine', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    const made = await Promise.all([1, 2, 3, 4].map(() => h().substrate.create(spec, h().signal())));
    expect(new Set(made.map((machine) => machine.id)).size).toBe(1);
    expect(await h().substrate.list(h().signal())).toHaveLength(1);
  });

  test('create: machines of different names at the same time', async () => {
    const names = ['a', 'b', 'c'];
    await Promise.all(names.map((name) => h().boot(name, BOOT.polite)));
    const list = await h().substrate.list(h().signal());
    expect(list.map((machine) => `${machine.ref.sandbox} ${machine.state}`).sort()).toEqual([
      'a running',
      'b running',
      'c running',
    ]);
    const hosts = await Promise.all(
      names.map((name) => h().exec(name, ['cat', '/proc/sys/kernel/hostname'])),
    );
    expect(hosts.map((result) => result.stdout.trim())).toEqual(
      h().substrate.capabilities.setsHostname ? names : names.map((name) => `cspace-contract--${name}`),
    );
  });

  test('create: an unknown image is image-missing and leaves nothing', async () => {
    const spec = { ...h().spec('mercury', BOOT.polite), image: 'localhost/cspace:no-such' };
    await expectProblem(h().substrate.create(spec, h().signal()), 'image-missing');
    expect(await h().substrate.list(h().signal())).toEqual([]);
  });

  test('create: cut off at any moment leaves nothing, and the next one works', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    const startedAt = performance.now();
    await h().substrate.create(spec, h().signal());
    const wholeMs = performance.now() - startedAt;
    await h().substrate.destroy(spec.ref, h().signal());
    for (const part of [0.01, 0.05, 0.1, 0.25, 0.4, 0.6, 0.8, 0.95]) {
      const cut = AbortSignal.timeout(Math.max(1, Math.round(wholeMs * part)));
      const made = await h().substrate.create(spec, cut).catch(toProblem);
      if ('code' in made) {
        expect(made.code).toBe('interrupted');
        expect(await h().substrate.inspect(spec.ref, h().signal())).toBeUndefined();
      }
      expect((await h().substrate.create(spec, h().signal())).state).toBe('created');
      await h().substrate.destroy(spec.ref, h().signal());
    }
  });
}
