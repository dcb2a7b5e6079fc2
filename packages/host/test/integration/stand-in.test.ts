import { describe, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getOutcome } from '../apple/fixture.ts';
import { BOOT, useMachines } from '../apple/machines.ts';
import { BASE_IMAGE } from '../contract/image-fixture.ts';
import { getReason } from '../contract/podman-fixture.ts';

const { test, standIn, call, run, boot, inside, inspect, getBridge, waitFor } = useMachines(getReason());

describe('stand-in: life', () => {
  test('run -d: prints the id alone; progress is on stderr', async () => {
    const result = await run(['--label', 'k=v']);
    expect(result).toMatchObject({ code: 0, stdout: 'mercury\n', stderr: expect.stringContaining('[1/6]') });
    expect(await inspect()).toMatchObject({
      id: 'mercury',
      configuration: { labels: { k: 'v' }, resources: { cpus: 1, memoryInBytes: 256 * 1024 ** 2 } },
      status: {
        state: 'running',
        networks: [{ ipv4Gateway: '192.168.65.1', hostname: 'mercury', mtu: 1280 }],
      },
    });
  });

  test('start: another address than before, while stopped none; the bridge is there only while a machine runs', async () => {
    expect(getBridge()).toBe('');
    await boot([]);
    expect(getBridge()).toContain('cspace-vmnet');
    const [before] = (await inspect()).status.networks;
    expect(await call('stop', 'mercury')).toMatchObject({ code: 0, stdout: 'mercury\n' });
    expect(getBridge()).toBe('');
    expect((await inspect()).status).toMatchObject({ state: 'stopped', networks: [] });
    expect(await call('start', 'mercury')).toMatchObject({ code: 0, stdout: 'mercury\n' });
    const [after] = (await inspect()).status.networks;
    expect(after.ipv4Address).not.toBe(before.ipv4Address);
    expect(await inside('ip -4 -o address show eth0')).toContain(after.ipv4Address);
  });

  test('start: files of the machine’s own disk outlive a stop; starting twice is no error', async () => {
    await boot([]);
    await inside('echo here >/kept');
    await call('stop', 'mercury');
    await call('start', 'mercury');
    expect(await call('start', 'mercury')).toMatchObject({ code: 0, stdout: 'mercury\n' });
    expect(await inside('cat /kept')).toBe('here');
  });

  test('inspect: a machine that ends by itself is stopped, and the bridge goes', async () => {
    await boot([], 'exit 42');
    await waitFor(async () => (await inspect()).status.state === 'stopped');
    await waitFor(() => getBridge() === '');
  });

  test('start: eth0 and the resolver are there before the first process', async () => {
    await boot([], `ls /sys/class/net; cat /etc/resolv.conf; grep mercury /etc/hosts; ${BOOT}`);
    await waitFor(async () => (await call('logs', 'mercury')).stdout.includes('mercury'));
    const address = (await inspect()).status.networks[0].ipv4Address.split('/')[0];
    expect((await call('logs', 'mercury')).stdout).toBe(
      `eth0\nlo\nnameserver 192.168.65.1\n${address} mercury\n`,
    );
  });

  test('stop: asks, then kills; meanwhile it is stopping and cannot be removed, by force neither', async () => {
    await boot([], 'trap "" TERM; while :; do sleep 1; done');
    const stopping = call('stop', '-t', '3', 'mercury');
    await waitFor(async () => (await inspect()).status.state === 'stopping');
    const [code, text] = getOutcome(await call('rm', '--force', 'mercury'));
    expect([code, text]).toEqual([1, expect.stringContaining('invalidState')]);
    expect((await stopping).code).toBe(0);
    expect((await call('rm', 'mercury')).code).toBe(0);
  });

  test('kill: the signal reaches the first process', async () => {
    await boot([], 'trap "echo got; exit 0" USR1; echo ready; while :; do sleep 0.1; done');
    await waitFor(async () => (await call('logs', 'mercury')).stdout.includes('ready'));
    await call('kill', '-s', 'USR1', 'mercury');
    await waitFor(async () => (await inspect()).status.state === 'stopped');
    expect((await call('logs', '-n', '1', 'mercury')).stdout).toBe('got\n');
  });

  test('run --rm: attached, its output and exit code are ours, and then it is gone', async () => {
    const argv = [
      'run',
      '--rm',
      '--name',
      'once',
      '-m',
      '256',
      '--entrypoint',
      'sh',
      BASE_IMAGE,
      '-c',
      'echo hi; exit 5',
    ];
    expect(await call(...argv)).toMatchObject({ code: 5, stdout: 'hi\n' });
    await waitFor(async () => (await call('inspect', 'once')).code === 1);
  });

  test('run killed at any moment: the next run or rm finds its way', async () => {
    const argv = [
      'run',
      '-d',
      '--name',
      'mercury',
      '-m',
      '256',
      '--entrypoint',
      'sh',
      BASE_IMAGE,
      '-c',
      BOOT,
    ];
    for (const ms of [80, 200, 350, 500, 700]) {
      const child = Bun.spawn([`${standIn().bin}/container`, ...argv], {
        stdio: ['ignore', 'ignore', 'ignore'],
      });
      await Bun.sleep(ms);
      child.kill('SIGKILL');
      await child.exited;
      if ((await call('inspect', 'mercury')).code === 0)
        expect([ms, (await call('start', 'mercury')).code]).toEqual([ms, 0]);
      await call('rm', '--force', 'mercury');
      expect((await call('ls', '-a', '-q')).stdout).toBe('');
    }
    expect(getBridge()).toBe('');
  });
});

describe('stand-in: refusals', () => {
  const rows: [what: string, flags: string[], text: string][] = [
    ['a folder that is not there', ['-v', '/no/such:/x'], "path '/no/such' does not exist"],
    ['--mount of a file', ['--mount', 'type=bind,source=/etc/hosts,target=/x'], 'is not a directory'],
    ['an unknown key of --mount', ['--mount', 'type=tmpfs,target=/x,uid=5'], 'unknown directive uid'],
    ['a source of a tmpfs', ['--mount', 'type=tmpfs,source=/a,target=/x'], 'source for tmpfs'],
    ['too little memory', ['-m', '199'], 'minimum memory amount allowed is 200 MiB'],
    ['a network that is not there', ['--network', 'none'], 'network none not found'],
    ['an env file that is not there', ['--env-file', '/no/such'], 'not found'],
  ];
  for (const [what, flags, text] of rows)
    test(`run: ${what} is said before there is a machine`, async () => {
      const [code, stderr] = getOutcome(await run(flags));
      expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
      expect((await call('ls', '-a', '-q')).stdout).toBe('');
    });

  test('run: a taken name, and an image that is nowhere', async () => {
    await boot([]);
    expect(getOutcome(await run([]))).toEqual([
      1,
      'Error: exists: "container with id mercury already exists"',
    ]);
    const [code, text] = getOutcome(await call('run', '-d', '--name', 'venus', 'localhost/cspace:no-such'));
    expect([code, text]).toEqual([1, expect.stringContaining('404')]);
  });

  test('exec and cp: a stopped machine', async () => {
    await boot([]);
    expect((await call('rm', 'mercury')).stderr).toContain('can not be deleted');
    await call('stop', 'mercury');
    const text = 'Error: invalidState: "container mercury is not running"';
    expect(getOutcome(await call('exec', 'mercury', 'true'))).toEqual([1, text]);
    expect(getOutcome(await call('cp', 'mercury:/etc/hosts', '/tmp/x'))).toEqual([1, text]);
  });

  test('start: a folder that has gone since', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gone-'));
    await boot(['-v', `${folder}:/x`]);
    await call('stop', 'mercury');
    rmSync(folder, { recursive: true });
    expect((await call('start', 'mercury')).stderr).toMatch(/mount source path .* does not exist/);
  });
});
