// The main path in microVMs, whatever the sandboxes of the other suites are made of.
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.ts';
import { findQemuMachine } from '../support/machine-hand.ts';
import { makeOutsideHost, type OutsideHost } from '../support/outside-host.ts';
import { testUnless } from '../support/test-unless.ts';
import { findVmProcesses } from '../support/vm-processes.ts';
import { createWorld, getDaemonPid, isAlive, type World, waitUntil } from '../support/world.ts';

const reason = process.arch === 'x64' ? undefined : 'microVMs are for x86-64';
/** Guests are emulated, beside other suites. */
const PATIENCE_MS = 300_000;
const test = (name: string, body: () => Promise<unknown>) => testUnless(reason)(name, body, PATIENCE_MS);
const TOKEN = 'token-of-the-test';

let world: World;
let address: string;
let outside: OutsideHost;
let upstream: GitHttpServer | undefined;
beforeAll(async () => {
  world = createWorld({ project: 'vms', substrate: 'qemu' });
  outside = await makeOutsideHost();
}, PATIENCE_MS);
afterAll(async () => {
  await upstream?.close();
  await world.dispose();
  await outside.dispose();
}, PATIENCE_MS);

const clone = (...path: string[]) => join(world.home, 'clones/vms/mercury', ...path);
const list = async () => JSON.parse((await world.cspace(['ls', '--json'])).stdout).sandboxes;
const inside = (name: string, script: string) => world.cspace(['exec', name, '--', 'sh', '-c', script]);
const wait = (what: string, check: () => boolean | Promise<boolean>) => waitUntil(what, check, 120_000);

describe('the main path in a microVM', () => {
  test('up -m: the agent runs in a kernel that is not the host’s', async () => {
    const up = await world.cspace(['up', 'mercury', '-m', 'run: uname -r && git log --oneline']);
    expect(up).toMatchObject({ code: 0 });
    expect(up.stdout).toMatch(/6\.\d+\.\S+-cloud-amd64/);
    expect(up.stdout).not.toContain(release());
    expect(up.stdout).toContain('first commit, never pushed');
    const [sandbox] = await list();
    expect(sandbox).toMatchObject({ state: 'running', substrate: 'qemu', branch: 'cspace/mercury' });
    ({ address } = sandbox);
    expect(address).toMatch(/^192\.168\.64\.\d+$/);
  });

  test('send --follow: what the agent writes is in the clone, and the owner’s', async () => {
    const send = await world.cspace(['send', 'mercury', '--follow', 'write made.txt: by the agent']);
    expect(send).toMatchObject({ code: 0 });
    expect(readFileSync(clone('made.txt'), 'utf8')).toContain('by the agent');
    expect(statSync(clone('made.txt')).uid).toBe(process.getuid?.() ?? -1);
  });

  test('exec: streams, exit codes, a death by signal, the clone as working directory', async () => {
    const argv = ['exec', 'mercury', '--', 'sh', '-c', 'pwd; id -un; cat; echo err >&2; exit 42'];
    const exec = await world.cspace(argv, { input: 'from the host\n' });
    expect(exec).toEqual({ code: 42, stdout: '/workspace\ndev\nfrom the host\n', stderr: 'err\n' });
    expect((await inside('mercury', 'kill -9 $$')).code).toBe(137);
  });

  test('shell: on a terminal of the right size, which follows, with the exit code of the shell', async () => {
    const shell = world.startOnTerminal(['shell', 'mercury']);
    await wait('the prompt', () => shell.getText().includes('$'));
    shell.type('stty size; tty\r');
    await wait('the size', () => /[\r\n]24 80\r*\n\/dev\/pts\//.test(shell.getText()));
    shell.resize(100, 40);
    shell.type('sleep 1; stty size\r');
    await wait('the new size', () => /[\r\n]40 100\r/.test(shell.getText()));
    shell.type('exit 7\r');
    expect(await shell.exited).toBe(7);
  });

  test('logs: the turns, and with --json the events in order', async () => {
    expect((await world.cspace(['logs', 'mercury'])).stdout).toContain('uname -r');
    const lines = (await world.cspace(['logs', 'mercury', '--json'])).stdout.trim().split('\n');
    const events = lines.map((line) => JSON.parse(line));
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter((event) => event.type === 'turn.ended')).toHaveLength(2);
  });

  test('git: what is committed inside is fetched, and pushed to a server outside', async () => {
    const root = join(world.folder, 'github');
    mkdirSync(join(root, 'acme'), { recursive: true });
    world.git(['init', '-q', '--bare', join(root, 'acme/shop.git')]);
    upstream = startGitHttpServer({ root, hostname: outside.near, port: 3080, token: TOKEN });
    await outside.forward(3080);
    const url = `http://x-access-token:${TOKEN}@${outside.address}:3080/acme/shop.git`;
    const script = `git add -A && git commit -qm "work of the agent" && git push -q ${url} HEAD:main && git ls-remote ${url}`;
    const pushed = await inside('mercury', script);
    expect(pushed).toMatchObject({ code: 0, stdout: expect.stringContaining('refs/heads/main') });
    expect(await world.cspace(['fetch', 'mercury'])).toMatchObject({ code: 0 });
    expect(world.git(['log', '-1', '--format=%s', 'cspace/mercury'])).toBe('work of the agent');
    expect(world.git(['--git-dir', join(root, 'acme/shop.git'), 'log', '-1', '--format=%an', 'main'])).toBe(
      'Ada Lovelace',
    );
  });

  test('names and forwarding: a server on 127.0.0.1, from the host, from itself and from a sibling', async () => {
    expect(await world.cspace(['up', 'venus'])).toMatchObject({ code: 0 });
    await inside('mercury', 'mkdir -p /tmp/www && echo from mercury >/tmp/www/index.html');
    await inside(
      'mercury',
      'cd /tmp/www && (setsid python3 -m http.server 3000 --bind 127.0.0.1 >/dev/null 2>&1 &)',
    );
    const get = () => fetch(`http://${address}:3000/`, { signal: AbortSignal.timeout(5000) });
    await wait('the host is answered', async () => (await get().catch(() => undefined))?.ok === true);
    expect(await (await get()).text()).toBe('from mercury\n');
    for (const name of ['mercury', 'venus']) {
      const url = 'http://mercury.vms.cspace2.local:3000/';
      expect(await inside(name, `curl -sS -m 20 ${url}`)).toMatchObject({ stdout: 'from mercury\n' });
    }
    const inVenus = await inside('venus', 'curl -sS -m 5 http://mercury:22/');
    expect(inVenus.code).toBe(7);
  });

  test('ports: what listens, and how it is reached', async () => {
    const { stdout } = await world.cspace(['ports', 'mercury', '--json']);
    expect(JSON.parse(stdout).ports).toEqual([
      expect.objectContaining({ port: 3000, speaks: 'http', reachable: true, process: 'python3' }),
    ]);
  });

  test('the daemon killed: the machine runs on, and the next command finds it', async () => {
    const before = findQemuMachine(world.home, 'vms', 'mercury').qemu?.pid;
    const daemon = getDaemonPid(world.home) ?? 0;
    process.kill(daemon, 'SIGKILL');
    await wait('it is dead', () => !isAlive(daemon));
    expect((await inside('mercury', 'uname -n')).stdout).toBe('mercury\n');
    expect(findQemuMachine(world.home, 'vms', 'mercury').qemu?.pid).toBe(before ?? -1);
    const send = await world.cspace(['send', 'mercury', '--follow', 'run: echo still here']);
    expect(send).toMatchObject({ code: 0, stdout: expect.stringContaining('still here') });
  });

  test('down keeps clone and session; the next up continues the conversation', async () => {
    expect(await world.cspace(['down', 'mercury'])).toMatchObject({ code: 0 });
    expect((await list())[0]).toMatchObject({ state: 'stopped', address: null });
    expect(await world.cspace(['up', 'mercury'])).toMatchObject({ code: 0 });
    const send = await world.cspace(['send', 'mercury', '--follow', 'what did I ask you before?']);
    expect(send).toMatchObject({ code: 0, stdout: expect.stringContaining('uname -r && git log') });
  });

  test('rm takes everything away: processes, disk, state, clone', async () => {
    const { folder } = findQemuMachine(world.home, 'vms', 'mercury');
    expect(findVmProcesses(folder).all.length).toBeGreaterThan(0);
    for (const name of ['mercury', 'venus'])
      expect(await world.cspace(['rm', '--force', name])).toMatchObject({ code: 0 });
    expect(findVmProcesses(join(folder, '..')).all).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(existsSync(clone())).toBe(false);
    for (const part of ['machines', 'sessions', 'clones'])
      expect(readdirSync(join(world.home, part), { recursive: true }).filter(isOfSandbox)).toEqual([]);
    expect(await list()).toEqual([]);
  });
});

const isOfSandbox = (path: unknown) => /mercury|venus/.test(String(path));
