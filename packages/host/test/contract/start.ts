import { expect } from 'bun:test';
import { BOOT, type Contract, expectProblem } from './contract.ts';

/** Starting a machine, with the network attached before its first process. */
export function describeStart({ test, h }: Contract): void {
  test('start: attaches before the first process, once, and gives a running machine', async () => {
    const spec = h().spec(
      'mercury',
      'ls /sys/class/net >/workspace/links; trap "exit 7" TERM; sleep 1000 & wait',
    );
    await h().substrate.create(spec, h().signal());
    const pids: number[] = [];
    const attach = async (pid: number) => {
      pids.push(pid);
      await h().attach(spec.ref, pid);
    };
    const machine = await h().substrate.start(spec.ref, attach, h().signal());
    expect(machine).toMatchObject({ state: 'running', pid: pids[0], exitCode: null });
    await h().substrate.start(spec.ref, attach, h().signal());
    expect(pids).toHaveLength(1);
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
    const half = async (pid: number) => {
      await h().attach(spec.ref, pid);
      throw new Error('killed');
    };
    await h()
      .substrate.start(spec.ref, half, h().signal())
      .catch(() => undefined);
    const machine = await h().substrate.start(spec.ref, (pid) => h().attach(spec.ref, pid), h().signal());
    expect(machine.state).toBe('running');
  });

  test('start: without a machine is sandbox-not-running', async () => {
    await expectProblem(
      h().substrate.start(h().ref('ghost'), async () => {}, h().signal()),
      'sandbox-not-running',
    );
  });
}
