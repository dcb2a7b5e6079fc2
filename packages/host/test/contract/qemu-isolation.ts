import { expect } from 'bun:test';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { findVmProcesses, GUEST_MEMORY, readOpenFiles, readStatus } from '../support/vm-processes.ts';
import { BOOT } from './contract.ts';
import type { QemuContract } from './qemu-fixture.ts';

const NO_CAPABILITY = '0000000000000000';

/** What stands between a guest and its host. */
export function describeIsolation({ test, h, fixture }: QemuContract): void {
  const getFolder = (id: string) => join(fixture().stateFolder, id);
  const boot = async (name: string) => {
    const machine = await h().boot(name, BOOT.polite);
    return { ...machine, ...findVmProcesses(getFolder(machine.id)) };
  };
  const shell = (argv: string[]) => Bun.spawnSync(argv, { timeout: 20_000 });

  test('the kernel is the guest’s own', async () => {
    const { pid, qemu } = await boot('mercury');
    const { stdout } = await h().exec('mercury', ['uname', '-r']);
    expect(stdout).toMatch(/^6\.\d+\..*-cloud-amd64\n$/);
    expect(stdout.trim()).not.toBe(release());
    expect(qemu?.pid).toBe(pid ?? -1);
  });

  test('QEMU is a user of its own, without rights, groups, or a way to get any, in every thread', async () => {
    const { qemu } = await boot('mercury');
    const status = readStatus(qemu?.pid ?? 0);
    const [uid = '', ...others] = status.Uid?.split(' ') ?? [];
    expect(Number(uid)).toBeGreaterThanOrEqual(296_608);
    expect(Number(uid)).toBeLessThan(296_608 + 65_536);
    expect(others).toEqual([uid, uid, uid]);
    expect(status).toMatchObject({ Gid: status.Uid, Groups: '', NoNewPrivs: '1', Seccomp: '2' });
    const { CapInh, CapPrm, CapEff, CapBnd, CapAmb } = status;
    expect([CapInh, CapPrm, CapEff, CapBnd, CapAmb]).toEqual(Array(5).fill(NO_CAPABILITY));
  });

  test('QEMU has nothing open but what is its machine’s', async () => {
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
    try {
      const { id, qemu } = await boot('mercury');
      const own = (path: string) => path.startsWith(`${h().folder}/mercury/machine/disk`);
      const open = readOpenFiles(qemu?.pid ?? 0).filter((path) => ![own, isOfEvery].some((is) => is(path)));
      const sockets = open.filter((path) => path.startsWith('socket:'));
      expect(open.filter((path) => !sockets.includes(path))).toEqual([]);
      // Of the unix kind all of them, by /proc/net/unix, and with a name only in the machine's own folder.
      const unix = readUnixSockets();
      const names = sockets.map((socket) => unix.get(socket.replace(/\D/g, '')) ?? 'not of the unix kind');
      expect(names.filter((name) => name !== '' && !name.startsWith(`${getFolder(id)}/sock/`))).toEqual([]);
      expect(names.length).toBeGreaterThanOrEqual(3);
    } finally {
      await server.stop(true);
    }
  });

  test('virtiofsd is root of a user namespace with the ids of podman’s sandboxes, and has no network', async () => {
    const { virtiofsd, qemu } = await boot('mercury');
    expect(virtiofsd.length).toBeGreaterThan(0);
    const ids = '0 231072 1000 1000 1501 1 1001 232073 64535'.split(' ');
    const lab = readlinkSync('/proc/self/ns/net');
    expect(readlinkSync(`/proc/${qemu?.pid}/ns/net`)).toBe(lab);
    for (const { pid } of virtiofsd) {
      expect(readStatus(pid)).toMatchObject({ NoNewPrivs: '1', Groups: '' });
      for (const map of ['uid_map', 'gid_map'])
        expect(readFileSync(`/proc/${pid}/${map}`, 'utf8').trim().split(/\s+/)).toEqual(ids);
    }
    expect(virtiofsd.map(({ pid }) => readlinkSync(`/proc/${pid}/ns/net`) !== lab)).not.toContain(false);
    // The C one has a parent that only waits for it, and a thread of QEMU's that frees memory: no request reaches those.
    const serving = virtiofsd.filter(({ pid }) => readStatus(pid).Seccomp?.includes('2'));
    expect(serving).toHaveLength(1);
  });

  test('two machines are two users, neither of which reaches the other’s sockets and disk', async () => {
    const [first, second] = [await boot('mercury'), await boot('venus')];
    const uidOf = ({ qemu }: typeof first) => readStatus(qemu?.pid ?? 0).Uid?.split(' ')[0] ?? '';
    expect(uidOf(first)).not.toBe(uidOf(second));
    const reach = (who: typeof first, whose: typeof first) => {
      const as = ['setpriv', '--reuid', uidOf(who), '--regid', uidOf(who), '--clear-groups', '--'];
      const paths = ['sock/control', 'ssh/id', 'machine.json'].map((path) => join(getFolder(whose.id), path));
      paths.push(join(h().folder, whose.ref.sandbox, 'machine/disk.ext4'));
      return paths.filter((path) => shell([...as, 'test', '-r', path]).exitCode === 0);
    };
    expect(reach(first, second)).toEqual([]);
    expect(reach(second, first)).toEqual([]);
    // So it does see what it may.
    expect(reach(first, first)).toContain(join(getFolder(first.id), 'sock/control'));
  });

  test('no key and no secret stands on a command line, on the console or on the disk', async () => {
    const canary = 'canary-77aa-0123456789';
    const spec = h().spec('mercury', `cat /run/cspace/secrets.env >/dev/shm/used; ${BOOT.polite}`);
    await Bun.write(join(h().runFolder('mercury'), 'secrets.env'), `ANTHROPIC_API_KEY='${canary}'\n`);
    const { id } = await h().boot(spec);
    const file = ['sh', '-c', 'cat /run/cspace/secrets.env; echo written >/var/tmp/witness; sync'];
    expect((await h().exec('mercury', file)).stdout).toContain(canary);
    const keys = ['id', 'host_key'].flatMap((name) => readKeyLines(join(getFolder(id), 'ssh', name)));
    const secrets = [canary, ...keys];
    const lines = findVmProcesses(getFolder(id)).all.map(({ argv }) => argv.join(' '));
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines.filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([]);
    await h().substrate.stop(spec.ref, 10_000 * h().slowness, h().signal());
    const written = ['console.log', 'disk.ext4'].map((name) => join(spec.folder, name));
    expect(findInFiles(written, ['written'])).toEqual(['written']);
    expect(findInFiles(written, secrets)).toEqual([]);
    await h().substrate.destroy(spec.ref, h().signal());
    expect(readdirSync(fixture().stateFolder)).toEqual([]);
    expect(readdirSync(spec.folder).filter((name) => name.startsWith('disk'))).toEqual([]);
  });

  /** Those of the words that the files hold somewhere. tar knows where a sparse one has nothing. */
  function findInFiles(files: string[], words: string[]): string[] {
    const script = 'tar -S -cf - -- "$@" 2>/dev/null | grep -aoFf "$WORDS" | sort -u';
    const list = join(h().folder, 'words');
    Bun.spawnSync(['sh', '-c', 'cat >"$0"', list], { stdin: Buffer.from(`${words.join('\n')}\n`) });
    const found = Bun.spawnSync(['sh', '-c', script, 'sh', ...files], {
      env: { PATH: process.env.PATH ?? '', WORDS: list },
      timeout: 60_000,
    });
    return found.stdout.toString().split('\n').filter(Boolean);
  }
}

/** What any QEMU of ours has: the image's files, the kernel's own kinds, and standard streams to whoever started it. */
const isOfEvery = (path: string) => GUEST_MEMORY.test(path) || OF_EVERY_QEMU.test(path);
const OF_EVERY_QEMU =
  /^(\/dev\/(null|urandom|net\/tun|kvm)|anon_inode:.*|pipe:\[\d+\]|.*\/(root-[0-9a-f]+|modules)\.erofs( \(deleted\))?|.*\/kit-[0-9a-f]+\/(vmlinux|initrd))$/;

/** Names by inode, as the lab has them; empty where it has none. */
function readUnixSockets(): Map<string, string> {
  const lines = readFileSync('/proc/net/unix', 'utf8').trim().split('\n').slice(1);
  return new Map(lines.map((line) => [line.split(/\s+/)[6] ?? '', line.split(/\s+/)[7] ?? '']));
}

/** The middle of a private key's text: its first and last lines are those of other keys too. */
function readKeyLines(path: string): string[] {
  return readFileSync(path, 'utf8').trim().split('\n').slice(2, -2);
}
