import { expect } from 'bun:test';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { listCgroups } from '../../src/substrate/qemu/cgroup.ts';
import { getMachineUid } from '../../src/substrate/qemu/ids.ts';
import type { Machine } from '../../src/substrate/substrate.ts';
import { findVmProcesses } from '../support/vm-processes.ts';
import { BOOT } from './contract.ts';
import { findProblem, type QemuContract, STARTER } from './qemu-fixture.ts';

/** How microVMs end, or do not begin, and who sees it. */
export function describeEnds({ test, h, fixture }: QemuContract): void {
  const getProcesses = (id: string) => findVmProcesses(join(fixture().stateFolder, id));
  const expectGone = (id: string) =>
    h().waitFor('no process of it is left', () => getProcesses(id).all.length === 0);
  /** It may never return: whoever runs it is in what it ends. */
  const doom = (command: string) => {
    h()
      .exec('mercury', ['sh', '-c', command])
      .catch(() => undefined);
  };
  const expectEnd = async (machine: Machine, reason: RegExp) => {
    const ended = await h().waitForState('mercury', 'exited');
    expect(ended).toMatchObject({ exitCode: 137, outOfMemory: false, pid: null });
    expect(ended?.reason).toMatch(reason);
    await expectGone(machine.id);
  };

  test('a panic of its kernel is no clean end, and says so', async () => {
    const machine = await h().boot('mercury', BOOT.polite);
    doom('echo c >/proc/sysrq-trigger');
    await expectEnd(machine, /panic/i);
    expect(h().readConsole('mercury')).toContain('sysrq triggered crash');
  });

  test('a reset is no clean end', async () => {
    const machine = await h().boot('mercury', BOOT.polite);
    doom('echo b >/proc/sysrq-trigger');
    await expectEnd(machine, /reset|off/);
  });

  test('a power-off behind the back of its first process is no clean end', async () => {
    const machine = await h().boot('mercury', BOOT.polite);
    doom('echo o >/proc/sysrq-trigger');
    await expectEnd(machine, /reset|off/);
  });

  test('virtiofsd killed: the machine has ended, and says why', async () => {
    const machine = await h().boot('mercury', BOOT.polite);
    for (const { pid } of getProcesses(machine.id).virtiofsd) process.kill(pid, 'SIGKILL');
    await expectEnd(machine, /virtiofsd/);
  });

  test('QEMU killed: the machine has ended, and virtiofsd is gone', async () => {
    const machine = await h().boot('mercury', BOOT.polite);
    process.kill(machine.pid ?? 0, 'SIGKILL');
    await expectEnd(machine, /killed/);
  });

  test('another daemon finds the machine running, reaches it and ends it in order', async () => {
    const { id } = await h().boot('mercury', BOOT.polite);
    const next = fixture().another();
    const list = await next.list(h().signal());
    expect(list).toMatchObject([{ id, state: 'running', ref: h().ref('mercury') }]);
    const [file = '', ...args] = next.execCommand(h().ref('mercury'), ['echo', 'there'], {
      ...{ tty: false, user: 'dev', cwd: '/', env: {} },
    });
    const child = Bun.spawnSync([file, ...args], { env: next.execEnv, timeout: 60_000 });
    expect(child.stdout.toString()).toBe('there\n');
    await next.stop(h().ref('mercury'), 10_000 * h().slowness, h().signal());
    expect(await h().waitForState('mercury', 'exited')).toMatchObject({ exitCode: 7 });
  });

  test('what ends while no daemon runs is told by the next: exit code, and removed processes', async () => {
    const { id } = await h().boot('mercury', 'until [ -e /workspace/end ]; do sleep 0.1; done; exit 5');
    await Bun.write(join(h().workspace('mercury'), 'end'), '');
    await h().waitFor('its end', async () => {
      const [machine] = await fixture().another().list(h().signal());
      return machine?.state === 'exited' && machine.exitCode === 5;
    });
    await expectGone(id);
  });

  for (const part of [0.05, 0.3, 0.8])
    test(`a daemon killed ${part * 100} % into a start: the next clears up and starts it`, async () => {
      const whole = performance.now();
      await h().boot('venus', BOOT.polite);
      const killAfterMs = (performance.now() - whole) * part;
      const spec = h().spec('mercury', BOOT.polite);
      const { id } = await h().substrate.create(spec, h().signal());
      const cable = await h().attach(spec.ref, { kind: 'tap', uid: getMachineUid(id) });
      const { homeLabel, stateFolder, store } = fixture();
      const job = JSON.stringify({ homeLabel, stateFolder, store, ref: spec.ref, cable });
      const child = Bun.spawn([process.execPath, STARTER, job], { stdout: 'pipe', stderr: 'inherit' });
      await child.stdout.getReader().read();
      await Bun.sleep(killAfterMs);
      child.kill('SIGKILL');
      await child.exited;
      const next = fixture().another();
      const found = await next.inspect(spec.ref, h().signal());
      expect(['created', 'running']).toContain(found?.state ?? 'nothing');
      if (found?.state === 'created') expect(getProcesses(id).all).toEqual([]);
      expect((await next.start(spec.ref, async () => cable, h().signal())).state).toBe('running');
      await next.destroy(spec.ref, h().signal());
      await expectGone(id);
    });

  test('state removed by hand: the next daemon ends the processes, and the machine can be made again', async () => {
    const { id } = await h().boot('mercury', BOOT.polite);
    rmSync(join(fixture().stateFolder, id), { recursive: true });
    expect(await fixture().another().list(h().signal())).toEqual([]);
    await expectGone(id);
    expect(listCgroups(fixture().homeLabel)).toEqual([]);
    expect((await h().boot('mercury', BOOT.polite)).id).not.toBe(id);
  });

  test('fault-14: a guest that hangs in boot is tried again once, within bounds, and its console is kept', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    const { id } = await h().substrate.create(spec, h().signal());
    const boot = 10_000;
    const hanging = fixture().another({ kernelLine: HANGS, deadlines: { boot: { kvm: boot, tcg: boot } } });
    const startedAt = performance.now();
    const problem = await findProblem(
      hanging.start(spec.ref, (plug) => h().attach(spec.ref, plug), h().signal()),
    );
    const tookMs = performance.now() - startedAt;
    expect(problem).toMatchObject({ code: 'machine-failed', message: expect.stringContaining('2 tries') });
    expect(problem.why).toContain('Waiting for root device');
    expect(tookMs).toBeGreaterThan(2 * boot);
    expect(tookMs).toBeLessThan(2 * boot + 20_000);
    expect(
      h()
        .readConsole('mercury')
        .match(/Waiting for root device/g),
    ).toHaveLength(2);
    expect(getProcesses(id).all).toEqual([]);
    expect((await h().substrate.inspect(spec.ref, h().signal()))?.state).toBe('created');
    expect((await h().start('mercury')).state).toBe('running');
  });

  test('fault-14: a boot that is given up leaves nothing running', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    const { id } = await h().substrate.create(spec, h().signal());
    const hanging = fixture().another({ kernelLine: HANGS });
    const cut = AbortSignal.timeout(3000);
    const problem = await hanging
      .start(spec.ref, (plug) => h().attach(spec.ref, plug), cut)
      .then(() => undefined, toProblem);
    expect(problem?.code).toBe('interrupted');
    expect(getProcesses(id).all).toEqual([]);
  });

  test(
    `${BOOTS} boots in a row: no hang`,
    async () => {
      const spec = h().spec('mercury', BOOT.polite);
      await h().substrate.create(spec, h().signal());
      for (let boots = 0; boots < BOOTS; boots++) {
        expect((await h().start('mercury')).state).toBe('running');
        // Not asked: what a start is from is the same, and it takes less time.
        await h().substrate.stop(spec.ref, 0, h().signal());
      }
      expect(existsSync(join(spec.folder, 'console.log'))).toBe(true);
      expect(
        readFileSync(
          join(fixture().stateFolder, readdirSync(fixture().stateFolder)[0] ?? '', 'machine.json'),
          'utf8',
        ),
      ).toContain('ended');
    },
    60 * 60_000,
  );
}

/** Without an init the kernel looks for a root device, and waits for the one that it is told. */
const HANGS = ['rdinit=/none', 'root=/dev/none', 'rootwait', 'ignore_loglevel'];
const BOOTS = process.env.CSPACE_TEST_SUBSTRATE === 'qemu' ? 50 : 3;
