import { expect } from 'bun:test';
import { chownSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BOOT, type Contract, expectProblem } from './contract.ts';

const SPINS_FOR_2_S =
  'end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; done; times';

/** Limits, ownership of files, and the way to a port. */
export function describeBounds({ test, h }: Contract): void {
  test('limits: memory is that of the machine, and it is the machine that ends', async () => {
    const small = h().spec('small', BOOT.hungry, { limits: { cpus: 1, memoryMiB: 256, pids: 64 } });
    await h().boot('other', BOOT.polite);
    await h().boot(small);
    expect(await h().waitForState('small', 'exited')).toMatchObject({ outOfMemory: true });
    expect((await h().exec('other', ['true'])).code).toBe(0);
  });

  test('limits: processes', async () => {
    await h().boot(h().spec('mercury', BOOT.polite, { limits: { cpus: 1, memoryMiB: 256, pids: 64 } }));
    const forks = 'i=0; while [ $i -lt 200 ]; do sleep 20 & i=$((i+1)); done; echo all';
    const result = await h().exec('mercury', ['sh', '-c', forks]);
    expect(result.stdout).not.toContain('all');
    const count = (await h().countProcesses('mercury')) ?? 0;
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThanOrEqual(64);
  });

  test('limits: processor time', async () => {
    await h().boot(h().spec('mercury', BOOT.polite, { limits: { cpus: 0.25, memoryMiB: 256, pids: 64 } }));
    const result = await h().exec('mercury', ['sh', '-c', SPINS_FOR_2_S]);
    const seconds = [...result.stdout.matchAll(/(\d+)m([\d.]+)s/g)].map(
      (m) => Number(m[1]) * 60 + Number(m[2]),
    );
    const used = seconds.reduce((sum, one) => sum + one, 0);
    expect(used).toBeGreaterThan(0.1);
    expect(used).toBeLessThan(1.2);
  });

  for (const owner of [
    { uid: 1501, gid: 1502 },
    { uid: 0, gid: 0 },
    { uid: 1000, gid: 100 },
  ]) {
    test(`mounts: dev’s files are those of owner ${owner.uid}, and root’s are nobody’s`, async () => {
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
    chownSync(join(h().runFolder('mercury'), 'secrets.env'), 1501, 1501);
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
    for (const target of volumes) mkdirSync(target.replace('/workspace', workspace), { recursive: true });
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
