import { expect } from 'bun:test';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testUnless } from '../support/test-unless.ts';
import { BOOT, type Contract, expectProblem } from './contract.ts';

/** Starts as many processes as it may, up to the number given, which live on; says how many. */
const FORKS = `
import os, sys, time
started = 0
for _ in range(int(sys.argv[1])):
    try: pid = os.fork()
    except OSError: break
    if pid == 0:
        for fd in (0, 1, 2): os.close(fd)
        time.sleep(300)
        os._exit(0)
    started += 1
print(started)`;

/** Limits, ownership of files, and the way to a port. */
export function describeBounds({ test, h }: Contract): void {
  test('limits: memory is that of the machine, and it is the machine that ends', async () => {
    const small = h().spec('small', BOOT.hungry, { limits: { cpus: 1, memoryMiB: 256, pids: 64 } });
    await h().boot('other', BOOT.polite);
    await h().boot(small);
    expect(await h().waitForState('small', 'exited')).toMatchObject({ outOfMemory: true });
    expect((await h().exec('other', ['true'])).code).toBe(0);
  });

  test('limits: processes are those of the machine, whatever they are started by', async () => {
    await h().boot(h().spec('mercury', BOOT.polite, { limits: { cpus: 1, memoryMiB: 256, pids: 64 } }));
    const fork = async (most: number) => {
      const { stdout } = await h().exec('mercury', ['python3', '-c', FORKS, `${most}`], { user: 'dev' });
      return Number(stdout);
    };
    expect(await fork(40)).toBe(40);
    const more = await fork(200);
    expect(more).toBeGreaterThan(5);
    expect(more).toBeLessThanOrEqual(24);
  });

  test('limits: processor time', async () => {
    const limits = { cpus: 0.5, memoryMiB: 256, pids: 64 };
    const [spin, fraction] = ['while :; do :; done', h().substrate.capabilities.fractionalCpus];
    // Two at once where one processor is the least that can be given.
    const boot = `touch /workspace/spins; ${fraction ? spin : `(${spin}) & ${spin}`}`;
    await h().boot(h().spec('mercury', boot, { limits }));
    await h().waitFor('it spins', () => existsSync(join(h().workspace('mercury'), 'spins')));
    const used = await h().measureCpuSeconds('mercury', 3000);
    expect(used).toBeGreaterThan(0.3);
    expect(used).toBeLessThan(fraction ? 2.1 : 3.9);
  });

  for (const owner of [
    { uid: 1501, gid: 1502 },
    { uid: 0, gid: 0 },
    { uid: 1000, gid: 100 },
  ]) {
    const notRoot = process.getuid?.() === 0 ? undefined : 'only root gives files away';
    const testAsRoot: typeof test = notRoot === undefined ? test : testUnless(notRoot);
    testAsRoot(`mounts: dev’s files are those of owner ${owner.uid}, and root’s are nobody’s`, async () => {
      await h().boot(h().spec('mercury', BOOT.polite, { owner }));
      writeFileSync(join(h().workspace('mercury'), 'from-host'), 'hello');
      h().giveTo(owner, 'mercury', 'from-host');
      const asDev = 'stat -c %u:%g from-host; echo x >>from-host; mkdir made; touch made/file';
      const dev = await h().exec('mercury', ['sh', '-c', asDev], { user: 'dev', cwd: '/workspace' });
      expect(dev).toEqual({ code: 0, stdout: '1000:1000\n', stderr: '' });
      const asRoot = 'touch by-root; cp /bin/sh by-root-suid; chmod 4755 by-root-suid';
      expect((await h().exec('mercury', ['sh', '-c', asRoot], { cwd: '/workspace' })).code).toBe(0);
      const idsOf = (name: string) => {
        const { uid, gid } = lstatSync(join(h().workspace('mercury'), name));
        return { uid, gid };
      };
      for (const name of ['from-host', 'made', 'made/file']) expect(idsOf(name)).toEqual(owner);
      for (const name of ['by-root', 'by-root-suid']) {
        expect(idsOf(name).uid).toBeGreaterThan(65_535);
        expect(idsOf(name).gid).toBeGreaterThan(65_535);
      }
    });
  }

  test('mounts: a read-only one is read by dev and written by nobody', async () => {
    await h().boot('mercury', BOOT.polite);
    writeFileSync(join(h().runFolder('mercury'), 'secrets.env'), "KEY='1'\n", { mode: 0o600 });
    h().giveToOwner(join(h().runFolder('mercury'), 'secrets.env'));
    expect((await h().exec('mercury', ['cat', '/run/cspace/secrets.env'], { user: 'dev' })).stdout).toBe(
      "KEY='1'\n",
    );
    for (const user of ['dev', 'root'] as const) {
      const write = await h().exec('mercury', ['sh', '-c', 'echo x >/run/cspace/secrets.env'], { user });
      expect(write.code).not.toBe(0);
    }
    expect(readFileSync(join(h().runFolder('mercury'), 'secrets.env'), 'utf8')).toBe("KEY='1'\n");
  });

  test('mounts: paths with spaces and commas', async () => {
    await h().boot(h().spec('with space, and comma', BOOT.polite, { ref: h().ref('mercury') }));
    expect((await h().exec('mercury', ['cat', '/workspace/boot'])).stdout).toContain('trap');
  });

  test('volumes: dev’s, empty at first, not on the host, and gone with the machine', async () => {
    const volumes = ['/workspace/node_modules', '/workspace/packages/web/node_modules'];
    const spec = h().spec('mercury', BOOT.polite, { volumes });
    const workspace = h().workspace('mercury');
    for (const target of volumes) {
      mkdirSync(target.replace('/workspace', workspace), { recursive: true });
      h().giveTo(spec.owner, 'mercury', target.replace('/workspace/', ''));
    }
    writeFileSync(join(workspace, 'node_modules/hidden'), '');
    const write = 'for d in "$@"; do stat -c %u:%g $d; ls $d; echo it >$d/file; cat $d/file; done';
    const inside = { user: 'dev', cwd: '/' } as const;
    for (const _ of ['first', 'second']) {
      await h().boot(spec);
      const result = await h().exec('mercury', ['sh', '-c', write, 'sh', ...volumes], inside);
      expect(result).toEqual({ code: 0, stdout: '1000:1000\nit\n1000:1000\nit\n', stderr: '' });
      expect(readdirSync(join(workspace, 'node_modules'))).toEqual(['hidden']);
      expect(readdirSync(join(workspace, 'packages/web/node_modules'))).toEqual([]);
      await h().substrate.destroy(spec.ref, h().signal());
    }
  });

  test('dial: a stream to a port in the machine; a closed port and no machine are problems', async () => {
    const serve =
      'while :; do echo from inside | nc -l -p 3000 2>/dev/null || exec python3 -c "$SERVER"; done';
    const env = { SERVER: PYTHON_SERVER };
    await h().boot(h().spec('mercury', serve, { env }));
    let text = '';
    await h().waitFor('an answer', async () => {
      text = await h()
        .readAll('mercury', 3000)
        .catch(() => '');
      return text !== '';
    });
    expect(text).toBe('from inside\n');
    await expectProblem(h().substrate.dial(h().ref('mercury'), 3999, h().signal()), 'supervisor-unreachable');
    await expectProblem(h().substrate.dial(h().ref('ghost'), 3000, h().signal()), 'sandbox-not-running');
  });
}

/** For images without nc. */
const PYTHON_SERVER = [
  'import socket',
  's = socket.create_server(("0.0.0.0", 3000))',
  'while True:',
  '  c, _ = s.accept()',
  '  c.sendall(b"from inside\\n")',
  '  c.close()',
].join('\n');
