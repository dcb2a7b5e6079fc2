import { describe, expect } from 'bun:test';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getLabels } from '../../src/substrate/labels.ts';
import { BOOT, expectProblem } from './contract.ts';
import { getReason, makePodman, podman } from './podman-fixture.ts';
import { describeSubstrate } from './substrate.ts';

const { test, h } = describeSubstrate('podman', { reason: getReason(), slowness: 1, make: makePodman });

const NAME = 'cspace-contract--mercury';
const hand = (...args: string[]) => podman(args, h().substrate.execEnv);
const statusOf = async (field: string) => {
  const { stdout } = await h().exec('mercury', ['grep', `^${field}:`, '/proc/1/status']);
  return stdout.split('\t')[1]?.trim();
};

test('podman: probe has nothing to mend', async () => {
  const { findings } = await h().substrate.probe(h().signal());
  expect(findings.filter((finding) => !finding.ok)).toEqual([]);
});

describe('podman: isolation', () => {
  test('user namespace: root inside is nobody outside', async () => {
    const { pid } = await h().boot('mercury', BOOT.polite);
    expect(readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/)).toEqual([
      '0',
      '231072',
      '65536',
    ]);
    expect(readFileSync(`/proc/${pid}/gid_map`, 'utf8').trim().split(/\s+/)).toEqual([
      '0',
      '231072',
      '65536',
    ]);
  });
  test('capabilities: twelve, and no more to be had; seccomp filters', async () => {
    await h().boot('mercury', BOOT.polite);
    // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID NET_BIND_SERVICE NET_ADMIN NET_RAW SYS_CHROOT SETFCAP
    expect(await statusOf('CapBnd')).toBe('00000000800434fb');
    expect(await statusOf('CapAmb')).toBe('0000000000000000');
    expect(await statusOf('Seccomp')).toBe('2');
  });
  test('a command as dev has no capability at hand', async () => {
    await h().boot('mercury', BOOT.polite);
    const { stdout } = await h().exec(
      'mercury',
      ['grep', '-E', '^Cap(Inh|Prm|Eff|Amb)', '/proc/self/status'],
      { user: 'dev' },
    );
    expect(stdout.match(/[0-9a-f]{16}/g)?.join()).toBe(Array(4).fill('0'.repeat(16)).join());
  });
  test('what would reach the host is refused to root inside', async () => {
    await h().boot('mercury', BOOT.polite);
    for (const attempt of [
      'mknod /tmp/disk b 254 0',
      'mount -t tmpfs none /mnt',
      'echo 1 >/proc/sys/kernel/panic',
      'dmesg',
      'chroot /proc/1/root unshare -m true',
      'date -s 2001-01-01',
    ]) {
      const { code } = await h().exec('mercury', ['sh', '-c', attempt]);
      expect([attempt, code === 0]).toEqual([attempt, false]);
    }
  });
  test('no environment of the host’s, and no value of a file, stands in inspect', async () => {
    process.env.HTTPS_PROXY = 'http://canary-3f1:1';
    try {
      const spec = h().spec('mercury', BOOT.polite);
      const canary = 'canary-77aa';
      await Bun.write(join(h().runFolder('mercury'), 'secrets.env'), `ANTHROPIC_API_KEY='${canary}'\n`);
      await h().boot(spec);
      const { stdout } = hand('inspect', NAME);
      expect(stdout).toContain('dev.cspace.sandbox');
      expect(stdout).not.toContain(canary);
      expect(stdout).not.toContain('canary-3f1');
    } finally {
      delete process.env.HTTPS_PROXY;
    }
  });
  test('the console is in the machine’s folder', async () => {
    const spec = h().spec('mercury', 'echo to the console; sleep 1000');
    await h().boot(spec);
    const log = join(spec.folder, 'console.log');
    await h().waitFor('console.log', () => readFileSync(log, 'utf8').includes('to the console'));
    expect(statSync(log).mode & 0o077).toBe(0);
  });
});

describe('podman: what is not ours', () => {
  const other = getLabels({ project: 'contract', sandbox: 'mercury' }, 'ffffffffffff');
  const labels = Object.entries(other).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
  const make = (...extra: string[]) =>
    hand('create', '--network', 'none', '--name', NAME, ...extra, h().image).stdout.trim();

  test('a stranger of our name is never listed, stopped or removed', async () => {
    const id = make();
    try {
      expect(await h().substrate.list(h().signal())).toEqual([]);
      await h().substrate.stop(h().ref('mercury'), 0, h().signal());
      await h().substrate.destroy(h().ref('mercury'), h().signal());
      await expectProblem(
        h().substrate.create(h().spec('mercury', BOOT.polite), h().signal()),
        'machine-failed',
      );
      expect(hand('container', 'exists', id).code).toBe(0);
    } finally {
      hand('rm', '--force', '--time', '0', id);
    }
  });
  test('a machine of another home is never listed or removed, and create says whose it is', async () => {
    const id = make(...labels);
    try {
      expect(await h().substrate.list(h().signal())).toEqual([]);
      await h().substrate.destroy(h().ref('mercury'), h().signal());
      await expectProblem(
        h().substrate.create(h().spec('mercury', BOOT.polite), h().signal()),
        'home-conflict',
      );
      expect(hand('container', 'exists', id).code).toBe(0);
    } finally {
      hand('rm', '--force', '--time', '0', id);
    }
  });
  test('a machine that was removed by hand is gone for us, and can be made again', async () => {
    const first = await h().boot('mercury', BOOT.polite);
    hand('rm', '--force', '--time', '0', first.id);
    expect(await h().substrate.inspect(h().ref('mercury'), h().signal())).toBeUndefined();
    expect((await h().boot('mercury', BOOT.polite)).id).not.toBe(first.id);
  });
});

describe('podman: killed half way', () => {
  test('a create that was killed leaves nothing that a later create or destroy cannot clear', async () => {
    const listVolumes = () => hand('volume', 'ls', '--quiet').stdout;
    const volumes = listVolumes();
    for (let round = 0; round < 16; round += 1) {
      const child = Bun.spawn(
        ['podman', 'create', '--network', 'none', '--volume', '/v', '--name', NAME, ...ours(), h().image],
        {
          env: h().substrate.execEnv,
          stdio: ['ignore', 'ignore', 'ignore'],
        },
      );
      await Bun.sleep(10 + round * 2);
      child.kill('SIGKILL');
      await child.exited;
      if (round % 2 === 0) {
        const made = await h().substrate.create(h().spec('mercury', BOOT.polite), h().signal());
        expect(made.state).toBe('created');
      }
      await h().substrate.destroy(h().ref('mercury'), h().signal());
      const all = hand('ps', '--all', '--external', '--format', '{{.Names}}').stdout.split('\n');
      expect(all).not.toContain(NAME);
      expect(listVolumes()).toBe(volumes);
    }
  });
  test('conmon killed: the machine counts as ended, and destroy clears up', async () => {
    const { pid, id } = await h().boot('mercury', BOOT.polite);
    const conmon = Number(hand('inspect', '--format', '{{.State.ConmonPid}}', NAME).stdout);
    expect(conmon).toBeGreaterThan(1);
    process.kill(conmon, 'SIGKILL');
    await h().substrate.destroy(h().ref('mercury'), h().signal());
    expect(await h().substrate.inspect(h().ref('mercury'), h().signal())).toBeUndefined();
    await h().waitFor('its process is gone', () => !existsSync(`/proc/${pid}`));
    const groups = Bun.spawnSync(['find', '/sys/fs/cgroup', '-name', `*${id}*`], { timeout: 10_000 });
    expect(groups.stdout.toString()).toBe('');
    expect(existsSync(`/run/crun/${id}`)).toBe(false);
  });
  const ours = () =>
    Object.entries(getLabels({ project: 'contract', sandbox: 'mercury' }, h().homeLabel)).flatMap(
      ([name, value]) => ['--label', `${name}=${value}`],
    );
});
