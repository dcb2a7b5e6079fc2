import { describe, expect } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerResult } from '../apple/install.ts';
import { BOOT, useMachines } from '../apple/machines.ts';
import { BASE_IMAGE } from '../contract/image-fixture.ts';
import { getReason } from '../contract/podman-fixture.ts';

const { test, standIn, call, run, boot, inside, inspect, waitFor } = useMachines(getReason());

describe('stand-in: inside', () => {
  test('exec: exit codes, streams, input, user and folder', async () => {
    await boot(['-e', 'A=b', '--user', 'dev', '-w', '/tmp']);
    const exec = (...argv: string[]): Promise<ContainerResult> =>
      standIn().container(['exec', ...argv], { input: 'in' });
    expect(await exec('mercury', 'sh', '-c', 'echo out; echo err >&2; exit 42')).toEqual({
      code: 42,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect((await exec('-i', 'mercury', 'cat')).stdout).toBe('in');
    expect((await exec('mercury', 'cat')).stdout).toBe('');
    expect((await exec('mercury', 'sh', '-c', 'id -un; pwd; echo $A')).stdout).toBe('dev\n/tmp\nb\n');
    expect(
      (await exec('-u', 'root', '-w', '/', '-e', 'A=c', 'mercury', 'sh', '-c', 'id -un; pwd; echo $A'))
        .stdout,
    ).toBe('root\n/\nc\n');
    expect((await exec('mercury', 'sh', '-c', 'kill -9 $$')).code).toBe(137);
    expect((await exec('-i', '-t', 'mercury', 'true')).code).toBe(1);
  });

  test('capabilities: NET_ADMIN only where it is asked for', async () => {
    await boot([]);
    expect(await inside('ip link set eth0 mtu 1000 2>&1')).toContain('not permitted');
    await boot(['--cap-add', 'CAP_NET_ADMIN'], BOOT, 'venus');
    expect(await inside('ip link set eth0 mtu 1000 && echo done', [], 'venus')).toBe('done');
  });

  test('/proc/sys: read-only, but for the flag; /dev/shm: 64 MiB, but for the flag', async () => {
    const look =
      'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet && echo done; df -m --output=size /dev/shm | tail -1';
    await boot([]);
    expect(await inside(`(${look}) 2>&1`)).toMatch(/Read-only file system[\s\S]*\b64$/);
    await boot(['--read-only-path', 'NONE', '--cap-add', 'NET_ADMIN', '--shm-size', '128M'], BOOT, 'venus');
    expect(await inside(look, [], 'venus')).toMatch(/^done\s+128$/);
  });

  for (const [version, says] of [
    ['1.1.0', /^done$/],
    ['1.2.0', /Read-only file system/],
  ] as const)
    test(`/proc/sys: as ${version} has it, whatever may be done in it otherwise`, async () => {
      const own = ['--name', 'mercury', '-m', '256', '--cap-add', 'NET_ADMIN', '--entrypoint', 'sh'];
      const argv = ['run', '-d', ...own, BASE_IMAGE, '-c', BOOT];
      expect((await standIn().container(argv, { version })).code).toBe(0);
      expect(await inside('echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet && echo done')).toMatch(says);
    });

  test('limits: processes and open files as given; stats has what the machine used', async () => {
    await boot(['--ulimit', 'nproc=77:77', '--ulimit', 'nofile=999:1000'], 'while :; do :; done');
    expect(await inside('ulimit -n; ulimit -Hn; grep processes /proc/self/limits')).toMatch(
      /^999\n1000\n.* 77 +77 /,
    );
    const used = async () => {
      const { stdout } = await call('stats', '--no-stream', '--format', 'json', 'mercury');
      return JSON.parse(stdout)[0].cpuUsageUsec;
    };
    const before = await used();
    await waitFor(async () => (await used()) > before + 100_000);
  });

  test('networks: another one has its own addresses, reaches no other, and an internal one nothing outside', async () => {
    const names = ['one', 'two'];
    for (const name of names) await call('network', 'create', '--internal', name);
    for (const name of names)
      await boot(['--network', name], 'exec python3 -m http.server 3000 --bind 0.0.0.0', name);
    const addresses = [];
    for (const name of names)
      addresses.push((await inspect(name)).status.networks[0].ipv4Address.split('/')[0]);
    expect(addresses.map((address) => address.replace(/\.\d+$/, ''))).toEqual(['192.168.66', '192.168.67']);
    const answers = (address: string) =>
      fetch(`http://${address}:3000`).then(
        (found) => found.ok,
        () => false,
      );
    for (const address of addresses) await waitFor(() => answers(address));
    const code = `curl -s -m 2 -o /dev/null -w '%{http_code}' http://${addresses[1]}:3000`;
    expect(await inside(code, [], 'two')).toBe('200');
    expect(await inside(code, [], 'one')).toBe('000');
    expect((await call('network', 'delete', 'one')).stderr).toContain('in use');
    for (const name of names) await call('rm', '--force', name);
    expect((await call('network', 'delete', ...names)).code).toBe(0);
  });

  test('tmpfs: a size by --mount; what --tmpfs is given is a path, colon and all', async () => {
    await boot(['--mount', 'type=tmpfs,target=/small,size=8m', '--tmpfs', '/big:size=8m']);
    expect(await inside('df -m --output=size /small | tail -1')).toBe('8');
    expect(await inside('test -d /big:size=8m && echo there')).toBe('there');
  });

  test('environment: a FIFO as env file, comments left out, and not in the order given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fifo-'));
    Bun.spawnSync(['mkfifo', join(folder, 'env')]);
    const running = run(['--env-file', join(folder, 'env'), '-e', 'A2=x', '-e', 'Z1=y']);
    const script = `printf '# no\\n\\nSECRET=a=b "c"\\n' >"$1"`;
    Bun.spawnSync(['sh', '-c', script, 'sh', join(folder, 'env')], { timeout: 20_000 });
    expect((await running).code).toBe(0);
    expect(await inside('echo "$SECRET"')).toBe('a=b "c"');
    const { environment } = (await inspect()).configuration.initProcess;
    const given = environment.filter((entry: string) => /^(A2|Z1|SECRET)=/.test(entry));
    expect(given).toEqual(['Z1=y', 'A2=x', 'SECRET=a=b "c"']);
    // All of it stands in what anybody can read: why secrets do not go this way.
    expect((await call('logs', '--boot', 'mercury')).stdout).toContain('SECRET');
    rmSync(folder, { recursive: true });
  });

  test('--dns: replaces the resolver; --no-dns leaves the image’s alone', async () => {
    await boot(['--dns', '9.9.9.9', '--dns-search', 'a.test']);
    expect(await inside('cat /etc/resolv.conf')).toBe('search a.test\nnameserver 9.9.9.9');
    await boot(['--no-dns'], BOOT, 'venus');
    expect(await inside('cat /etc/resolv.conf', [], 'venus')).not.toContain('192.168.65.1');
  });

  test('-v: dev’s files are the owner’s, ro is read-only', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'share,-'));
    writeFileSync(join(folder, 'a'), 'from host');
    await boot(['-v', `${folder}:/x`, '-v', `${folder}:/y:ro`, '-v', `${folder}/a:/one`]);
    expect(await inside('cat /x/a /one; stat -c %u /x/a; echo >/x/made; echo >/y/no', ['-u', 'dev'])).toMatch(
      /^from hostfrom host1000\n[\s\S]*Read-only/,
    );
    expect(readFileSync(join(folder, 'made'), 'utf8')).toBe('\n');
    rmSync(folder, { recursive: true });
  });

  test('network: machines reach each other, and the host them', async () => {
    const serve = 'exec python3 -m http.server 3000 --directory /usr/share --bind 0.0.0.0';
    await boot([], serve);
    await boot([], BOOT, 'venus');
    const address = (await inspect()).status.networks[0].ipv4Address.split('/')[0];
    const answers = () =>
      fetch(`http://${address}:3000`).then(
        () => true,
        () => false,
      );
    await waitFor(answers);
    expect(await inside(`curl -s -o /dev/null -w '%{http_code}' http://${address}:3000`, [], 'venus')).toBe(
      '200',
    );
    standIn().setKnobs({ network: 'no-route' });
    await boot([], BOOT, 'mars');
    await expect(fetch(`http://${address}:3000`)).rejects.toThrow();
  });
});

describe('stand-in: volumes, copies, images', () => {
  test('-v: a volume is made by its name, root’s, with lost+found; it stays and can be one machine’s at a time', async () => {
    expect((await run(['-v', 'data:/data'])).stderr).toContain("Warning: volume 'data'");
    expect(await inside('stat -c %u:%g /data; ls /data; echo kept >/data/file')).toBe('0:0\nlost+found');
    expect((await run(['-v', 'data:/data'], BOOT, 'venus')).stderr).toContain(
      'storage device attachment is invalid',
    );
    expect((await call('inspect', 'venus')).code).toBe(1);
    await call('stop', 'mercury');
    expect((await call('volume', 'rm', 'data')).stderr).toContain('is currently in use');
    await call('rm', 'mercury');
    await boot(['-v', 'data:/data']);
    expect(await inside('cat /data/file')).toBe('kept');
    await call('rm', '-f', 'mercury');
    expect((await call('volume', 'rm', 'data')).code).toBe(0);
  });

  test('cp: into a machine that runs and out of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'copy-'));
    writeFileSync(join(folder, 'a'), 'text');
    await boot([]);
    expect((await call('cp', join(folder, 'a'), 'mercury:/root/b')).code).toBe(0);
    expect((await call('cp', 'mercury:/root/b', join(folder, 'c'))).code).toBe(0);
    expect(readFileSync(join(folder, 'c'), 'utf8')).toBe('text');
    rmSync(folder, { recursive: true });
  });

  test('build: an image that can be run; nothing of a context behind a link; no Dockerfile of 16 KiB', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'build-'));
    const image = `localhost/stand-in-test:${process.pid}`;
    const context = join(folder, 'real');
    mkdirSync(context);
    writeFileSync(join(context, 'a'), 'x');
    writeFileSync(join(context, 'Dockerfile'), `FROM ${BASE_IMAGE}\nARG V\nCOPY a /a\nLABEL v=$V\n`);
    Bun.spawnSync(['ln', '-s', 'real', join(folder, 'link')]);
    const build = (path: string) =>
      call('build', '-t', image, '--build-arg', 'V=7', '--progress', 'plain', path);
    try {
      expect((await build(join(folder, 'link'))).code).toBe(1);
      expect(await build(context)).toMatchObject({ code: 0, stderr: expect.stringContaining('COPY a /a') });
      const [found] = JSON.parse((await call('image', 'inspect', image)).stdout);
      expect(found.variants[1].config.config.Labels).toMatchObject({ v: '7' });
      expect((await call('ls', '-q')).stdout).toContain('buildkit');
      writeFileSync(join(context, 'Dockerfile'), `FROM ${BASE_IMAGE}\n#${'x'.repeat(16 * 1024)}\n`);
      expect((await build(context)).stderr).toContain('exceeds limit');
      expect((await call('image', 'rm', image)).code).toBe(0);
      expect((await call('image', 'inspect', image)).stderr).toContain('image not found');
    } finally {
      await call('builder', 'delete', '--force');
      rmSync(folder, { recursive: true });
    }
  });
});
