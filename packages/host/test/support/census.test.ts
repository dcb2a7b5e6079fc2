import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/system/exec.ts';
import { isOfLivingRun, parseMount } from './census/files.ts';
import { parseRuleset } from './census/network.ts';
import { isCounted, type Process } from './census/processes.ts';
import { getFindings, type Kind, takeCensus } from './census.ts';
import { testUnless } from './test-unless.ts';

const NAME = `cspace-census-${process.pid}`;
const inLab = process.getuid?.() === 0 && process.env.CSPACE_LAB !== undefined;
const testInLab = testUnless(inLab ? undefined : 'makes links, rules and mounts, so only as root in a lab');
const testWithPodman = testUnless(
  !inLab ? 'only as root in a lab' : Bun.which('podman') ? undefined : 'no podman here',
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'census-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const take = () => takeCensus({ lab: true, folders: [folder] });

async function sh(command: string): Promise<string> {
  const result = await run(['sh', '-c', command], { timeoutMs: 20_000 });
  if (!result.ok) throw new Error(`${command}: ${result.stderr}`);
  return result.stdout;
}

/** Plants one thing, looks for it among the findings of its kind, takes it away, and looks that none is left. */
async function expectFound(kind: Kind, pattern: RegExp, plant: () => Promise<() => unknown>): Promise<void> {
  const before = await take();
  const remove = await plant();
  const found = await take();
  await remove();
  expect(found.blind).toEqual([]);
  const items = getFindings(before, found).filter((one) => one.kind === kind && pattern.test(one.item));
  expect(items).toHaveLength(1);
  // Of this kind and name only: others may be at work on this machine.
  const left = () => take().then(({ items }) => items[kind].filter((item) => pattern.test(item)));
  const known = before.items[kind].filter((item) => pattern.test(item));
  for (let tries = 0; tries < 20 && (await left()).length > known.length; tries++) await Bun.sleep(100);
  expect(await left()).toEqual(known);
}

const by = (make: string, undo: string) => async () => {
  await sh(make);
  return () => sh(undo);
};

testInLab('takeCensus finds a link', () =>
  expectFound('link', /^any-name$/, by('ip link add any-name type bridge', 'ip link del any-name')),
);

testInLab('takeCensus finds a route', () =>
  expectFound(
    'route',
    /^unreachable 10\.98\.0\.0\/16/,
    by('ip route add unreachable 10.98.0.0/16', 'ip route del unreachable 10.98.0.0/16'),
  ),
);

testInLab('takeCensus finds a table of nft', () =>
  expectFound('rule', /^table inet any$/, by('nft add table inet any', 'nft delete table inet any')),
);

testInLab('takeCensus finds a named network namespace', () =>
  expectFound('namespace', /census/, by(`ip netns add ${NAME}`, `ip netns del ${NAME}`)),
);

testInLab('takeCensus finds a mount', async () => {
  const target = join(folder, 'mounted');
  mkdirSync(target);
  const plant = by(`mount -t tmpfs none ${target}`, `umount ${target}`);
  await expectFound('mount', /mounted \(tmpfs/, plant);
  rmdirSync(target);
});

testInLab('takeCensus finds a loop device', async () => {
  const file = join(folder, 'disk');
  writeFileSync(file, new Uint8Array(1024 * 1024));
  await expectFound('loop device', /disk/, async () => {
    const device = (await sh(`losetup --show -f ${file}`)).trim();
    return () => sh(`losetup -d ${device}`);
  });
  rmSync(file);
});

testInLab('takeCensus finds a control group', () => {
  const name = `/sys/fs/cgroup/*/${NAME}`;
  const group = `$(ls -d /sys/fs/cgroup/pids /sys/fs/cgroup 2>/dev/null | head -n 1)/${NAME}`;
  return expectFound('file', /census/, by(`mkdir ${group}`, `rmdir ${group} ${name} 2>/dev/null || true`));
});

testWithPodman('takeCensus finds a container of ours that does not run, and none of others', async () => {
  const root = join(folder, 'root');
  mkdirSync(root);
  const create = (label: string) =>
    sh(`podman create --network none --label ${label} --name ${NAME} --rootfs ${root} /bin/true`);
  await create('someone.else=1');
  const foreign = await take();
  await sh(`podman rm ${NAME}`);
  expect(foreign.items.container.filter((item) => item.includes(NAME))).toEqual([]);
  await expectFound('container', /^cspace-census-/, async () => {
    await create('dev.cspace.home=0123456789ab');
    return () => sh(`podman rm ${NAME}`);
  });
  rmSync(root, { recursive: true });
});

test('takeCensus finds a process of ours in a session of its own', () =>
  expectFound('process', /cspace-supervisor/, async () => {
    const child = Bun.spawn(['bash', '-c', 'exec -a cspace-supervisor sleep 60'], { detached: true });
    return async () => {
      child.kill('SIGKILL');
      await child.exited;
    };
  }));

/** A home that is none: its label is no hash of anything. */
const STATE = '/run/cspace/00000000ce15/vm';

test('takeCensus finds a part of a microVM, by where its state is', () =>
  expectFound('process', /virtiofsd/, async () => {
    const name = `virtiofsd --socket-path=${STATE}/0123456789ab/sock/fs`;
    // Its parent is gone, as a killed daemon is.
    const argv = ['setsid', 'bash', '-c', 'exec -a "$0" sleep 60 >/dev/null 2>&1 & echo $!', name];
    const pid = Number((await run(argv, { timeoutMs: 20_000 })).stdout);
    return () => process.kill(pid, 'SIGKILL');
  }));

testInLab('takeCensus finds the state of a home and of its machines', async () => {
  const remove = 'rm -r /run/cspace/00000000ce15; rmdir --ignore-fail-on-non-empty /run/cspace';
  const plant = by(`mkdir -p ${STATE}/0123456789ab`, remove);
  await expectFound('file', /ce15$/, plant);
  await expectFound('file', /ce15\/vm\/0123456789ab$/, plant);
});

testInLab('takeCensus finds what a microVM would be started from', () =>
  expectFound(
    'file',
    /census/,
    by(
      `mkdir -p /var/lib/cspace/vm/${NAME}`,
      `cd /var/lib; rmdir -p --ignore-fail-on-non-empty cspace/vm/${NAME}`,
    ),
  ),
);

testInLab('takeCensus finds a memory template that is half made', () =>
  expectFound(
    'file',
    /templates\/\.partial-census/,
    by(
      'mkdir -p /var/lib/cspace/vm/templates/.partial-census',
      'cd /var/lib; rmdir -p --ignore-fail-on-non-empty cspace/vm/templates/.partial-census',
    ),
  ),
);

test('takeCensus finds a file in a folder that must be empty', () =>
  expectFound('file', /census-.*\/left$/, async () => {
    writeFileSync(join(folder, 'left'), '');
    return () => rmSync(join(folder, 'left'));
  }));

testInLab('takeCensus finds a port that listens', () =>
  expectFound('port', /^tcp 127\.0\.0\.1:\d+ bun/, async () => {
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
    return () => server.stop(true);
  }),
);

test('takeCensus finds a unix socket that listens', () =>
  expectFound('port', /^unix .*\/daemon\.sock$/, async () => {
    const path = join(folder, 'daemon.sock');
    const server = Bun.serve({ unix: path, fetch: () => new Response() });
    return async () => {
      await server.stop(true);
      rmSync(path, { force: true });
    };
  }));

test('takeCensus says what it cannot see instead of passing for clean', async () => {
  const file = join(folder, 'no-folder');
  symlinkSync(file, file);
  const census = await takeCensus({ lab: true, folders: [file] });
  rmSync(file);
  expect(census.blind).toEqual([{ kind: 'file', why: expect.stringContaining('ELOOP') }]);
});

const LAB = 'net:[9]';
const PROCESS: Process = {
  pid: 7,
  parent: 1,
  state: 'S',
  name: 'claude',
  command: 'claude --resume',
  startTime: '1',
  network: 'net:[1]',
};
const VIRTIOFSD = `virtiofsd --socket-path=${STATE}/0123456789ab/sock/fs`;
const conmon = { ...PROCESS, pid: 5, name: 'conmon', command: 'conmon -c 1' };
const above = (network: string) => new Map([[5, { ...conmon, network }]]);
const CASES: [string, Partial<Process>, Map<number, Process>, boolean][] = [
  ['any program in the lab', { name: 'sleep', command: 'sleep 9', network: LAB }, new Map(), true],
  ['one in another namespace', { name: 'sleep', command: 'sleep 9' }, new Map(), false],
  ['a kernel thread', { name: 'kworker', command: '', network: LAB }, new Map(), false],
  ['a defunct conmon that PID 1 does not reap', { state: 'Z', command: '', network: LAB }, new Map(), false],
  ['a defunct one of another parent', { state: 'Z', command: '', parent: 5 }, above(LAB), true],
  ['a claude in a container of the lab', { parent: 5 }, above(LAB), true],
  ['a claude in a container of others', { parent: 5 }, above('net:[2]'), false],
  ['a claude with nobody above it', {}, new Map(), true],
  ['a virtiofsd with nobody above it', { name: 'virtiofsd', command: VIRTIOFSD }, new Map(), true],
  ['a virtiofsd of others', { name: 'virtiofsd', command: VIRTIOFSD, parent: 5 }, above('net:[2]'), false],
  ['an editor with a file of cspace', { name: 'vi', command: 'vi cspace/README.md' }, new Map(), false],
];
for (const [what, change, all, counted] of CASES)
  test(`isCounted: ${what}: ${counted}`, () => {
    expect(isCounted({ ...PROCESS, ...change }, all, LAB)).toBe(counted);
  });

test('isCounted outside of a lab goes by name', () => {
  expect(isCounted(conmon, new Map())).toBe(true);
  expect(isCounted({ ...conmon, name: 'sleep', command: 'sleep 9' }, new Map())).toBe(false);
});

test('takeCensus of some kinds looks at nothing else', async () => {
  const { items, blind } = await takeCensus({ lab: false, folders: [folder], kinds: ['file'] });
  expect([items.process, items.link, blind]).toEqual([[], [], []]);
  expect(items.file.length).toBeGreaterThan(0);
});

test('getFindings gives what is new, with its kind', async () => {
  const before = await take();
  const after = { ...before, items: { ...before.items, link: [...before.items.link, 'new0'] } };
  expect(getFindings(before, after)).toEqual([{ kind: 'link', item: 'new0' }]);
});

test('parseRuleset names what each rule stands in', () => {
  const text = 'table inet cspace {\n\tchain in {\n\t\ttcp dport 1 drop\n\t}\n}\n';
  expect(parseRuleset(text)).toEqual([
    'table inet cspace',
    'table inet cspace / chain in',
    'table inet cspace / chain in / tcp dport 1 drop',
  ]);
});

const RUNS: [string, boolean][] = [
  [`/run/netns/cspace-lab-${process.pid}`, true],
  [`/run/netns/cspace-lab-${process.pid} (nsfs of net:[1])`, true],
  ['/run/netns/cspace-lab-99999999', false],
  [`/tmp/cspace-test-e2e-${process.pid}-abc`, true],
  [`/tmp/cspace-test-e2e-${process.pid}-abc/tmp/left`, false],
];
for (const [item, living] of RUNS)
  test(`isOfLivingRun: ${item.replace(String(process.pid), 'PID')}: ${living}`, () => {
    expect(isOfLivingRun(item)).toBe(living);
  });

test('parseMount gives the mount point, the type and what of it is mounted', () => {
  const line = '80 25 0:4 net:[4026532246] /run/netns/x rw shared:9 - nsfs nsfs rw';
  expect(parseMount(line)).toBe('/run/netns/x (nsfs of net:[4026532246])');
});
