import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findGuest, type Guest } from '../../src/cli/guest.ts';
import { OUTPUT_SCHEMAS, ProblemLine } from '../../src/cli/output/schemas.ts';
import { createProgram } from '../../src/cli/program.ts';
import { type CallOptions, callCli, createContext } from '../support/cli-context.ts';
import {
  createFakeHouse,
  type FakeHouse,
  getRecord,
  type HttpServer,
  serveHttp,
  startFakeSupervisor,
} from '../support/fake-house.ts';
import { getEventLine } from '../support/http-sandboxes.ts';
import { waitUntil } from '../support/world.ts';

/** All of loopback's clients come from here: the one sandbox that asks. */
const SELF = '127.0.0.1';

let fake: FakeHouse;
let gateway: HttpServer;
let supervisor: ReturnType<typeof startFakeSupervisor>;
let run: string;
let guest: Guest;
beforeAll(async () => {
  fake = await createFakeHouse();
  const tokens = await fake.add('shop/mercury', SELF);
  const venus = await fake.add('shop/venus', '127.0.0.3');
  await fake.add('bank/earth', '127.0.0.4');
  supervisor = startFakeSupervisor('127.0.0.3', venus.supervisor);
  gateway = await serveHttp(fake.house, { audience: 'sandboxes' });
  run = await mkdtemp(join(tmpdir(), 'cspace-run-'));
  const daemon = `http://127.0.0.1:${gateway.port}`;
  await writeFile(
    join(run, 'sandbox.json'),
    JSON.stringify({ v: 1, project: 'shop', sandbox: 'mercury', daemon }),
  );
  await writeFile(join(run, 'api.token'), `${tokens.api}\n`, { mode: 0o600 });
  guest = findGuest({}, run) as Guest;
});
afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
  await gateway.close();
  await fake[Symbol.asyncDispose]();
  await rm(run, { recursive: true });
});

const call = (argv: string[], options: CallOptions = {}) => callCli(argv, { guest, ...options });
const lines = (text: string) => text.trimEnd().split('\n').filter(Boolean);

describe('findGuest', () => {
  test('says which sandbox it is, and where its daemon is', () => {
    expect(guest).toEqual({
      project: 'shop',
      sandbox: 'mercury',
      daemon: `http://127.0.0.1:${gateway.port}`,
      tokenFile: join(run, 'api.token'),
    });
  });

  test('CSPACE_HOME says otherwise; a host has no such file', async () => {
    expect(findGuest({ CSPACE_HOME: '/x' }, run)).toBeUndefined();
    expect(findGuest({}, join(run, 'none'))).toBeUndefined();
    await mkdir(join(run, 'odd'));
    for (const text of ['', '[]', 'null', '{"project":1}']) {
      await writeFile(join(run, 'odd/sandbox.json'), text);
      expect(findGuest({}, join(run, 'odd'))).toBeUndefined();
    }
  });
});

describe('inside a sandbox', () => {
  test('ls lists the sandboxes of its project', async () => {
    const { code, stdout, stderr } = await call(['ls']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines(stdout).map((line) => line.split(' ')[0])).toEqual(['NAME', 'shop/mercury', 'shop/venus']);
    const json = await call(['ls', '--json']);
    expect(OUTPUT_SCHEMAS.ls.parse(JSON.parse(json.stdout)).sandboxes).toHaveLength(2);
  });

  test.each(['venus', 'shop/venus'])('status %s shows the sibling', async (name) => {
    const { code, stdout } = await call(['status', name]);
    expect(code).toBe(0);
    expect(stdout).toStartWith('shop/venus\n');
    expect(stdout).not.toContain('repository');
    const json = await call(['status', name, '--json']);
    OUTPUT_SCHEMAS.status.parse(JSON.parse(json.stdout));
  });

  test.each([
    ['earth', 4],
    ['bank/earth', 4],
    ['Earth', 2],
    ['../earth', 2],
  ])('status %s exits with %d', async (name, exit) => {
    expect((await call(['status', name])).code).toBe(exit);
  });

  test('send gives the sibling a turn, from stdin too', async () => {
    const sent = await call(['send', 'venus', 'do', 'this']);
    expect(sent.code).toBe(0);
    expect(sent.stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect((await call(['send', 'shop/venus', '-'], { input: 'do that' })).code).toBe(0);
    expect(supervisor.sent).toEqual(['do this', 'do that']);
  });

  test.each([
    ['completed', 0],
    ['failed', 1],
    ['interrupted', 130],
  ])('send --follow of a turn that ends %s exits with %d', async (outcome, exit) => {
    await fake.write('shop/venus', getEventLine(1, 'before'));
    const before = supervisor.sent.length;
    const following = call(['send', 'venus', '--follow', '--json', 'hi']);
    await waitUntil('it is sent', () => supervisor.sent.length > before);
    const turn = supervisor.ids.at(-1);
    const event = { v: 1, at: '', session: null, turn };
    const said = { ...event, seq: 2, type: 'turn.text', data: { text: 'hello' } };
    const ended = { ...event, seq: 3, type: 'turn.ended', data: { outcome } };
    await fake.write('shop/venus', `${JSON.stringify(said)}\n${JSON.stringify(ended)}\n`);
    const { code, stdout } = await following;
    expect([code, lines(stdout).map((line) => JSON.parse(line))]).toEqual([exit, [said, ended]]);
  });

  test('logs prints the events of the sibling, --json as they are', async () => {
    await fake.write('shop/mercury', getEventLine(1, 'one') + getEventLine(2, 'two'));
    expect(await call(['logs', 'mercury'])).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' });
    const json = await call(['logs', 'shop/mercury', '--json']);
    expect(lines(json.stdout).map((line) => OUTPUT_SCHEMAS.logs.parse(JSON.parse(line)).seq)).toEqual([1, 2]);
    expect((await call(['logs', 'pluto'])).code).toBe(4);
  });

  test('logs -f goes on with what comes, over a change of daemons, until Ctrl-C', async () => {
    const abort = new AbortController();
    const { context, written } = createContext(['logs', 'mercury', '-f'], { guest, signal: abort.signal });
    const { runCli } = await import('../../src/cli/run-cli.ts');
    const following = runCli(context);
    await waitUntil('what is there was read', () => written.stdout === 'one\ntwo\n');
    await fake.write('shop/mercury', getEventLine(3, 'three'));
    await waitUntil('it came', () => written.stdout.endsWith('three\n'));
    await gateway.close();
    await fake.write('shop/mercury', getEventLine(4, 'four'));
    gateway = await serveHttp(fake.house, { audience: 'sandboxes', port: gateway.port });
    await waitUntil('it came by the next daemon', () => written.stdout.endsWith('four\n'));
    abort.abort();
    expect(await following).toBe(130);
    expect(written.stdout).toBe('one\ntwo\nthree\nfour\n');
  });

  test('version works', async () => {
    expect((await call(['version'])).stdout).toMatch(/^cspace \d/);
  });

  test('--help shows the commands that work here', async () => {
    const { code, stdout } = await call(['--help']);
    expect(code).toBe(0);
    const shown = stdout.slice(stdout.indexOf('Commands:'), stdout.indexOf('Examples:'));
    const names = lines(shown)
      .slice(1)
      .map((line) => line.trim().split(' ')[0]);
    expect(names.filter(Boolean).sort()).toEqual(['logs', 'ls', 'send', 'status', 'version']);
    expect((await call(['send', '--help'])).code).toBe(0);
  });

  const others = createProgram(createContext([]).context, () => {})
    .commands.map((command) => command.name())
    .filter((name) => !['logs', 'ls', 'send', 'status', 'version'].includes(name));

  test.each(others)('%s exits with 2 and says what works, and where it would', async (name) => {
    for (const argv of [[name], [name, 'venus', '--', 'ls'], [name, '--help']]) {
      const { code, stderr, stdout } = await call(argv);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(`${name} is not for the inside of a sandbox`);
      expect(stderr).toContain('here work: ls, status, send, logs,');
      expect(stderr).toContain(`on the host: cspace ${name}`);
    }
    const json = await call([name, '--json']);
    expect(ProblemLine.parse(JSON.parse(json.stdout)).problem.code).toBe('usage');
  });

  test('a daemon that does not answer is exit 3, and says where to look', async () => {
    const away = { ...guest, daemon: 'http://127.0.0.1:1' };
    for (const argv of [['ls'], ['send', 'venus', 'hi'], ['status', 'venus'], ['logs', 'venus', '-f']]) {
      const { code, stderr } = await callCli(argv, { guest: away });
      expect(code).toBe(3);
      expect(stderr).toContain(
        'the daemon on the host cannot be reached\n  nothing answers at http://127.0.0.1:1\n',
      );
    }
  });

  test('a token that is not the daemon’s, and none, are exit 3', async () => {
    await writeFile(join(run, 'wrong.token'), 'wrong');
    expect((await callCli(['ls'], { guest: { ...guest, tokenFile: join(run, 'wrong.token') } })).code).toBe(
      3,
    );
    expect((await callCli(['ls'], { guest: { ...guest, tokenFile: join(run, 'none') } })).code).toBe(3);
  });

  test('what a sandbox has in its environment does not get in the way', async () => {
    const env = {
      CSPACE_SUPERVISOR_TOKEN: 'x',
      CSPACE_MODEL: 'y',
      CSPACE_PRACTICE: '1',
      CSPACE_EXEC: 'z',
      CSPACE_ODD: '1',
    };
    expect((await call(['status', 'venus'], { env })).code).toBe(0);
  });

  test('a proxy of the environment does not get the token', async () => {
    const seen: string[] = [];
    await using proxy = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch(request) {
        seen.push(request.url);
        return new Response('', { status: 502 });
      },
    });
    const main = join(import.meta.dir, '../../src/main.ts');
    const script = `const { createGuestClient } = await import('${join(main, '../client/guest-client.ts')}');
      console.log(JSON.stringify(await createGuestClient(${JSON.stringify(guest)}, new AbortController().signal).list()));`;
    const at = `http://127.0.0.1:${proxy.port}`;
    const child = Bun.spawn([process.execPath, '-e', script], {
      env: { http_proxy: at, HTTP_PROXY: at, https_proxy: at },
      stdout: 'pipe',
      timeout: 20_000,
    });
    expect(JSON.parse(await new Response(child.stdout).text()).sandboxes).toHaveLength(2);
    expect(seen).toEqual([]);
  });
});

test('the record is another one’s: nothing of the host is in what the inside prints', async () => {
  await fake.house.registry.put({ ...getRecord('shop/venus', '127.0.0.3'), repository: '/home/ada/shop' });
  for (const argv of [
    ['ls', '--json'],
    ['status', 'venus', '--json'],
    ['status', 'venus'],
  ])
    expect((await call(argv)).stdout).not.toContain('/home/ada');
});
