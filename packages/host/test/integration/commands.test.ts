import { describe, expect, test } from 'bun:test';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OUTPUT_SCHEMAS, ProblemLine } from '../../src/cli/output/schemas.ts';
import { getPaths } from '../../src/system/paths.ts';
import { type CallOptions, callCli } from '../support/cli-context.ts';
import {
  type Answers,
  type FakeDaemon,
  mercury,
  mercuryStatus,
  respondLines,
  startFakeDaemon,
} from '../support/fake-daemon.ts';

const ID = 'c7f9c8a0-4d0b-4a59-9d5c-0d6d7d6d7d6d';
const ref = { project: 'shop', sandbox: 'mercury' };
const ONE = '/sandboxes/shop/mercury';

async function call(daemon: FakeDaemon, argv: string[], options: CallOptions = {}) {
  return callCli(argv, { ...options, env: { CSPACE_HOME: daemon.home, ...options.env } });
}

function getEvent(seq: number, type: string, data: unknown, turn?: string) {
  return { v: 1, seq, at: '2026-01-01T00:00:00Z', session: null, type, data, ...(turn ? { turn } : {}) };
}

async function appendEvents(daemon: FakeDaemon, events: unknown[]) {
  const path = getPaths(daemon.home).events(ref);
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
}

const problem = (code: string, status: number) => () =>
  Response.json({ problem: { code, message: 'it could not', fix: 'cspace ls' } }, { status });

describe('answers of the daemon', () => {
  test.each([
    ['ls', ['ls'], { 'GET /sandboxes': () => Response.json({ sandboxes: [mercury] }) }],
    ['status', ['status', 'shop/mercury'], { [`GET ${ONE}`]: () => Response.json(mercuryStatus) }],
    [
      'down',
      ['down', 'shop/mercury'],
      { [`POST ${ONE}/down`]: () => Response.json({ ...ref, wasRunning: true }) },
    ],
    ['rm', ['rm', 'shop/mercury'], { [`DELETE ${ONE}`]: () => Response.json({ ...ref, removed: true }) }],
    [
      'fetch',
      ['fetch', 'shop/mercury'],
      {
        [`POST ${ONE}/fetch`]: () =>
          Response.json({ ...ref, branch: 'cspace/mercury', commit: 'a'.repeat(40), before: null }),
      },
    ],
    [
      'interrupt',
      ['interrupt', 'shop/mercury'],
      { [`POST ${ONE}/interrupt`]: () => Response.json({ turn: ID }) },
    ],
    [
      'send',
      ['send', 'shop/mercury', 'hi'],
      { [`POST ${ONE}/turns`]: () => Response.json({ id: ID }, { status: 202 }) },
    ],
    [
      'image build',
      ['image', 'build'],
      {
        'POST /image/build': () =>
          respondLines(
            { type: 'progress', step: 'image', message: 'step 1' },
            { type: 'image', tag: 'cspace:x', built: true },
          ),
      },
    ],
    [
      'daemon status',
      ['daemon', 'status'],
      {
        'GET /status': () =>
          Response.json({
            running: true,
            pid: 1,
            version: '0.1.0',
            sandboxes: 1,
            startedAt: null,
            idleExitInSeconds: null,
          }),
      },
    ],
  ] as [keyof typeof OUTPUT_SCHEMAS, string[], Answers][])(
    '%s --json keeps to its schema, and prints text else',
    async (name, argv, answers) => {
      await using daemon = await startFakeDaemon(answers);
      const json = await call(daemon, [...argv, '--json']);
      expect({ code: json.code, stderr: json.stderr }).toEqual({ code: 0, stderr: '' });
      for (const line of json.stdout.trimEnd().split('\n')) OUTPUT_SCHEMAS[name].parse(JSON.parse(line));
      const text = await call(daemon, argv);
      expect(text.code).toBe(0);
      expect(text.stdout).not.toStartWith('{');
      expect(text.stdout).toMatchSnapshot();
    },
  );

  test.each([
    ['sandbox-not-found', 404, 4],
    ['work-would-be-lost', 409, 5],
    ['clone-failed', 500, 1],
    ['internal', 500, 70],
  ])('%s is told with its exit code', async (code, status, exit) => {
    await using daemon = await startFakeDaemon({ [`DELETE ${ONE}`]: problem(code, status) });
    const text = await call(daemon, ['rm', 'shop/mercury']);
    expect({ code: text.code, stdout: text.stdout }).toEqual({ code: exit, stdout: '' });
    expect(text.stderr).toStartWith('error: it could not\n  fix: cspace ls\n');
    const json = await call(daemon, ['rm', 'shop/mercury', '--json']);
    expect({ code: json.code, stderr: json.stderr }).toEqual({ code: exit, stderr: '' });
    ProblemLine.parse(JSON.parse(json.stdout));
  });

  test('rm --force says so to the daemon', async () => {
    await using daemon = await startFakeDaemon({
      [`DELETE ${ONE}`]: () => Response.json({ ...ref, removed: true }),
    });
    await call(daemon, ['rm', '--force', 'shop/mercury']);
    expect(daemon.requests).toEqual([`DELETE ${ONE}?force=1`]);
  });

  test.each<[string, string[], Record<string, string>, object]>([
    ['nothing', [], {}, { force: false }],
    ['flags', ['--force', '--substrate', 'qemu'], {}, { force: true, substrate: 'qemu' }],
    ['a variable', [], { CSPACE_SUBSTRATE: 'qemu' }, { force: false, substrate: 'qemu' }],
  ])('image build tells the daemon what for: %s', async (_, flags, env, body) => {
    await using daemon = await startFakeDaemon({
      'POST /image/build': () => respondLines({ type: 'image', tag: 'cspace:x', built: true }),
    });
    expect((await call(daemon, ['image', 'build', ...flags], { env })).code).toBe(0);
    expect(daemon.requests).toEqual([`POST /image/build ${JSON.stringify(body)}`]);
  });

  test('ls lists a broken sandbox with its reason, made safe', async () => {
    const broken = { ...mercury, state: 'broken', reason: '\u001b[2Jbad\nrecord' };
    await using daemon = await startFakeDaemon({
      'GET /sandboxes': () => Response.json({ sandboxes: [broken] }),
    });
    const { stdout } = await call(daemon, ['ls']);
    expect(stdout).toContain('bad record');
    expect(stdout).not.toContain('\u001b');
  });

  test('an answer that is not understood is a problem, not a crash', async () => {
    await using daemon = await startFakeDaemon({
      'GET /sandboxes': () => Response.json({ sandboxes: 'many' }),
    });
    const { code, stderr } = await call(daemon, ['ls']);
    expect(code).toBe(3);
    expect(stderr).toContain('does not understand');
  });
});

describe('send', () => {
  const sends = { [`GET ${ONE}`]: () => Response.json(mercuryStatus) };

  test.each([
    ['completed', 0],
    ['failed', 1],
    ['interrupted', 130],
  ])('--follow of a turn that ends %s exits with %d', async (outcome, exit) => {
    await using daemon = await startFakeDaemon(sends);
    await appendEvents(daemon, [getEvent(1, 'turn.text', { text: 'of an earlier turn' }, 'other')]);
    daemon.answers[`POST ${ONE}/turns`] = async (request) => {
      const { id } = (await request.json()) as { id: string };
      void appendEvents(daemon, [
        getEvent(2, 'turn.queued', { text: 'hi' }, id),
        getEvent(3, 'turn.text', { text: 'of another turn' }, 'other'),
        getEvent(4, 'turn.text', { text: 'hello' }, id),
        getEvent(5, 'turn.ended', { outcome, costUsd: 1 }, id),
      ]);
      return Response.json({ id }, { status: 202 });
    };
    const { code, stdout, stderr } = await call(daemon, ['send', 'shop/mercury', '--follow', 'hi']);
    expect({ code, stdout, stderr }).toEqual({
      code: exit,
      stdout: 'hello\n',
      stderr: `> hi\n- turn ${outcome}\n`,
    });
  });

  test('--follow ends when the sandbox does, and says that the turn has not', async () => {
    await using daemon = await startFakeDaemon({
      [`POST ${ONE}/turns`]: () => Response.json({ id: ID }, { status: 202 }),
      [`GET ${ONE}`]: () =>
        Response.json({ ...mercuryStatus, state: 'exited', reason: 'out of memory', supervisor: null }),
    });
    const { code, stderr } = await call(daemon, ['send', 'shop/mercury', '--follow', 'hi']);
    expect(code).toBe(5);
    expect(stderr).toContain('shop/mercury is exited; the turn has not ended\n  out of memory\n');
  }, 15_000);

  test('--follow interrupted leaves the turn alone and exits with 130', async () => {
    const abort = new AbortController();
    await using daemon = await startFakeDaemon({
      ...sends,
      [`POST ${ONE}/turns`]: () => {
        setTimeout(() => abort.abort(), 50);
        return Response.json({ id: ID }, { status: 202 });
      },
    });
    const { code, stderr } = await call(daemon, ['send', 'shop/mercury', '--follow', 'hi'], {
      signal: abort.signal,
    });
    expect(code).toBe(130);
    expect(stderr).toContain('the turn goes on\n  fix: cspace interrupt shop/mercury');
  });

  test('- reads the turn from stdin; several words are one turn', async () => {
    await using daemon = await startFakeDaemon({
      [`POST ${ONE}/turns`]: () => Response.json({ id: ID }, { status: 202 }),
    });
    await call(daemon, ['send', 'shop/mercury', '-'], { input: 'from stdin\n' });
    await call(daemon, ['send', 'shop/mercury', 'two', 'words']);
    const texts = daemon.requests.map((request) => JSON.parse(request.slice(request.indexOf('{'))).text);
    expect(texts).toEqual(['from stdin\n', 'two words']);
  });

  test.each([
    ['nothing', ' ', 2],
    ['too much', 'x'.repeat(256 * 1024 + 1), 2],
  ])('%s on stdin is refused before anything is asked', async (_, input, exit) => {
    await using daemon = await startFakeDaemon();
    const { code } = await call(daemon, ['send', 'shop/mercury', '-'], { input });
    expect({ code, requests: daemon.requests }).toEqual({ code: exit, requests: [] });
  });
});

describe('exec', () => {
  test('passes the command, stdin, both outputs and the exit code through', async () => {
    await using daemon = await startFakeDaemon();
    const { code, stdout, stderr } = await call(
      daemon,
      ['exec', 'shop/mercury', '--', 'ls', '-la', '--json'],
      { input: 'in' },
    );
    expect({ code, stderr }).toEqual({ code: 7, stderr: 'in' });
    expect(JSON.parse(stdout)).toEqual({
      argv: ['ls', '-la', '--json'],
      tty: false,
      user: 'dev',
      cwd: '/workspace',
    });
  });

  test('--json on either side of the name prints exit code and outputs', async () => {
    await using daemon = await startFakeDaemon();
    for (const argv of [
      ['--json', 'shop/mercury'],
      ['shop/mercury', '--json'],
    ]) {
      const { code, stdout } = await call(daemon, ['exec', ...argv, '--', 'ls']);
      const output = OUTPUT_SCHEMAS.exec.parse(JSON.parse(stdout));
      expect({ code, exitCode: output.exitCode }).toEqual({ code: 7, exitCode: 7 });
    }
  });

  test('reaches a daemon whose home has an odd name', async () => {
    await using daemon = await startFakeDaemon();
    const { symlink, rm } = await import('node:fs/promises');
    const odd = `${daemon.home} a:b#%20`;
    await symlink(daemon.home, odd);
    const { code } = await callCli(['exec', 'shop/mercury', '--', 'ls'], { env: { CSPACE_HOME: odd } });
    await rm(odd);
    expect(code).toBe(7);
  });
});

describe('logs', () => {
  test('needs no daemon; --json prints the events as they are', async () => {
    await using daemon = await startFakeDaemon();
    const events = [
      getEvent(1, 'turn.queued', { text: 'hi' }, ID),
      getEvent(2, 'turn.text', { text: 'hello' }, ID),
    ];
    await appendEvents(daemon, events);
    const home = getPaths(daemon.home);
    await Bun.file(home.socket).delete();
    const text = await call(daemon, ['logs', 'shop/mercury']);
    expect(text).toEqual({ code: 0, stdout: '> hi\nhello\n', stderr: '' });
    const json = await call(daemon, ['logs', 'shop/mercury', '--json']);
    const lines = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => OUTPUT_SCHEMAS.logs.parse(JSON.parse(line)));
    expect(lines).toEqual(events as never);
    expect(daemon.requests).toEqual([]);
  });

  test('of a sandbox that is not there exits with 4', async () => {
    await using daemon = await startFakeDaemon();
    expect((await call(daemon, ['logs', 'shop/venus'])).code).toBe(4);
  });
});
