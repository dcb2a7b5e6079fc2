import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUT_SCHEMAS } from '../../src/cli/output/schemas.ts';
import { patient } from '../support/substrate-under-test.ts';
import { createWorld, type World, waitUntil } from '../support/world.ts';

/** Two projects of one home, whose sandboxes see only their own. Machines' names are the host's: no other test has these. */
let world: World;
let outside: string;
beforeAll(async () => {
  world = createWorld({ project: 'inside' });
  outside = join(world.folder, 'outside');
  world.git(['clone', '-q', world.repo, outside]);
  const ups = await Promise.all([
    world.cspace(['up', 'mercury', '-m', 'run: echo mercury is here']),
    world.cspace(['up', 'venus']),
    world.cspace(['up', 'earth'], { cwd: outside }),
  ]);
  expect(ups.map((up) => [up.code, up.code === 0 ? '' : up.stderr])).toEqual(
    [0, 0, 0].map((code) => [code, '']),
  );
}, patient(180_000));
afterAll(() => world.dispose(), patient(60_000));

/** What the inside printed, for the search of tokens. */
const said: string[] = [];

async function inside(ref: string, argv: string[], input?: string) {
  const exec = await world.cspace(['exec', ref, '--', ...argv], { ...(input !== undefined && { input }) });
  said.push(exec.stdout, exec.stderr);
  return exec;
}

const mercury = (...argv: string[]) => inside('inside/mercury', ['cspace', ...argv]);

interface Curl {
  token: string;
  path?: string;
  /** More of curl's own arguments. */
  args?: string[];
}

/** What the gateway answers mercury with: a status for each request, 0 for none, all in one go. */
async function curl(requests: Curl[]): Promise<number[]> {
  const lines = requests.map(({ token, path = '/sandboxes', args = [] }) => {
    const words = args.map((arg) => `'${arg}'`).join(' ');
    const call = `curl -sS -m 3 -o /tmp/answer -w '%{http_code} ' -H @- ${words} "$url${path}"`;
    return `${call} <<<'Authorization: Bearer ${token}'; cat /tmp/answer >&2; : >/tmp/answer`;
  });
  const script = ['url=$(jq -r .daemon /run/cspace/sandbox.json)', ': >/tmp/answer', ...lines].join('\n');
  const exec = await inside('inside/mercury', ['bash', '-s'], script);
  return exec.stdout.trim().split(' ').map(Number);
}

function readTokens(project: string, sandbox: string): Record<'api' | 'model' | 'supervisor', string> {
  return JSON.parse(readFileSync(join(world.home, 'machines', project, sandbox, 'tokens.json'), 'utf8'));
}

describe('cspace inside a sandbox', () => {
  test('ls lists its own project and no other, and no path of the host', async () => {
    const { code, stdout } = await mercury('ls', '--json');
    expect(code).toBe(0);
    const { sandboxes } = OUTPUT_SCHEMAS.ls.parse(JSON.parse(stdout));
    expect(sandboxes.map(({ project, sandbox }) => `${project}/${sandbox}`).sort()).toEqual([
      'inside/mercury',
      'inside/venus',
    ]);
    expect(stdout).not.toContain(world.folder);
    expect((await mercury('ls')).stdout).toContain('inside/venus');
  });

  test('send --follow gives a sibling a turn and shows it to its end', async () => {
    const { code, stdout } = await mercury(
      'send',
      'venus',
      '--follow',
      'run: echo I am $(jq -r .sandbox /run/cspace/sandbox.json)',
    );
    expect([code, stdout.includes('I am venus')]).toEqual([0, true]);
  });

  test('send reads the turn from stdin, and returns with its id', async () => {
    const sent = await inside(
      'inside/mercury',
      ['cspace', 'send', 'inside/venus', '-'],
      'run: touch from-mercury',
    );
    expect([sent.code, /^[0-9a-f-]{36}\n$/.test(sent.stdout)]).toEqual([0, true]);
    await waitUntil('venus did it', async () => {
      const ls = await world.cspace(['exec', 'venus', '--', 'ls', '/workspace']);
      return ls.stdout.includes('from-mercury');
    });
  });

  test('a turn that is not for any sandbox fails', async () => {
    expect((await mercury('send', 'pluto', 'hi')).code).toBe(4);
  });

  test('status shows the sibling and what its agent is doing', async () => {
    const { code, stdout } = await mercury('status', 'venus', '--json');
    expect(code).toBe(0);
    expect(OUTPUT_SCHEMAS.status.parse(JSON.parse(stdout))).toMatchObject({
      sandbox: 'venus',
      state: 'running',
      supervisor: { ok: true },
    });
  });

  test('logs prints its own events and a sibling’s; --json as they are on the host', async () => {
    expect((await mercury('logs', 'mercury')).stdout).toContain('mercury is here');
    expect((await mercury('logs', 'venus')).stdout).toContain('I am venus');
    const json = await mercury('logs', 'mercury', '--json');
    expect(json.stdout).toBe((await world.cspace(['logs', 'mercury', '--json'])).stdout);
  });

  test('logs -f goes on with what comes', async () => {
    const child = world.start(['exec', 'mercury', '--', 'timeout', '30', 'cspace', 'logs', 'venus', '-f']);
    let text = '';
    const reading = (async () => {
      for await (const chunk of child.stdout) text += new TextDecoder().decode(chunk);
    })();
    await waitUntil('it began', () => text.includes('I am venus'));
    expect((await mercury('send', 'venus', 'run: echo one more')).code).toBe(0);
    await waitUntil('it came', () => text.includes('one more'));
    child.kill('SIGINT');
    await child.exited;
    await reading;
  });

  test('version and --help work; the help shows what does', async () => {
    expect((await mercury('version')).stdout).toMatch(/^cspace \d/);
    const { stdout } = await mercury('--help');
    expect(stdout).toContain('send');
    expect(stdout).not.toMatch(/^ {2}(up|down|rm|exec) /m);
  });

  test('all other commands exit with 2 and say where they work', async () => {
    const others = 'up down rm exec shell fetch interrupt ports open dns doctor setup image daemon';
    const script = `for c in ${others}; do out=$(cspace $c venus 2>&1); echo "$c $?" "$(grep -o 'on the host: .*' <<<"$out")"; done`;
    const { stdout } = await inside('inside/mercury', ['bash', '-c', script]);
    expect(stdout.trim().split('\n')).toEqual(
      others.split(' ').map((command) => `${command} 2 on the host: cspace ${command}`),
    );
  });

  test('trap-11: root inside can no more than dev', async () => {
    const { code, stdout } = await inside('inside/mercury', ['sudo', 'cspace', 'ls', '--json']);
    expect([code, JSON.parse(stdout).sandboxes.length]).toEqual([0, 2]);
  });
});

describe('fault-18: what a sandbox tries', () => {
  test('another project’s sandbox is as little there as one that never was', async () => {
    const { api: token } = readTokens('inside', 'mercury');
    const requests = ['outside/earth', 'outside/pluto', 'inside/pluto'].flatMap((name) => [
      { token, path: `/sandboxes/${name}` },
      { token, path: `/sandboxes/${name}/events` },
      { token, path: `/sandboxes/${name}/turns`, args: ['--json', '{"text":"hi"}'] },
    ]);
    expect(await curl(requests)).toEqual(requests.map(() => 404));
    for (const command of [
      ['status', 'outside/earth'],
      ['logs', 'outside/earth'],
      ['send', 'outside/earth', 'hi'],
    ])
      expect((await mercury(...command)).code).toBe(4);
  });

  test('P7: only its own token opens, and only the one for this', async () => {
    const own = readTokens('inside', 'mercury');
    const others = [
      readTokens('inside', 'venus').api,
      readTokens('outside', 'earth').api,
      own.model,
      own.supervisor,
    ];
    const refused = [...others, readFileSync(join(world.home, 'http.token'), 'utf8').trim(), '', 'x'];
    const statuses = await curl([own.api, ...refused].map((token) => ({ token })));
    expect(statuses).toEqual([200, ...refused.map(() => 401)]);
  });

  test('trap-20: a token in the query is none', async () => {
    const { api } = readTokens('inside', 'mercury');
    expect(await curl([{ token: '', path: `/sandboxes?token=${api}` }])).toEqual([401]);
  });

  test('trap-11: what is only the owner’s is not there', async () => {
    const { api: token } = readTokens('inside', 'mercury');
    const venus = '/sandboxes/inside/venus';
    const paths = ['/up', '/stop', '/image/build', `${venus}/down`, `${venus}/interrupt`];
    const requests = paths.map((path) => ({ token, path, args: ['--json', '{}'] }));
    expect(await curl(requests)).toEqual(paths.map(() => 404));
    const others = [
      { token, path: '/status' },
      { token, path: venus, args: ['-X', 'DELETE'] },
    ];
    expect(await curl(others)).toEqual([404, 405]);
  });

  test('the service for the host’s programs is not there for it', async () => {
    const script = 'curl -sS -m 5 -o /dev/null "http://127.0.0.1:6280/version"';
    expect((await inside('inside/mercury', ['bash', '-c', script])).code).not.toBe(0);
  });

  test('nothing of all that was answered, written down or logged holds a token', async () => {
    const refs = [
      ['inside', 'mercury'],
      ['inside', 'venus'],
      ['outside', 'earth'],
    ] as const;
    const tokens = refs.flatMap(([project, sandbox]) => Object.values(readTokens(project, sandbox)));
    tokens.push(readFileSync(join(world.home, 'http.token'), 'utf8').trim());
    const files = ['daemon.log', 'registry/inside/mercury.json', 'sessions/inside/mercury/events.ndjson'];
    const texts = [...said, ...files.map((file) => readFileSync(join(world.home, file), 'utf8'))];
    expect(said.join('').length).toBeGreaterThan(1000);
    expect(texts.filter((text) => tokens.some((token) => text.includes(token)))).toEqual([]);
  });
});

describe('a program of the host', () => {
  test('lists every project with the token of http.token', async () => {
    const token = readFileSync(join(world.home, 'http.token'), 'utf8').trim();
    const ask = (headers: Record<string, string>) =>
      fetch('http://127.0.0.1:6280/sandboxes', { headers, signal: AbortSignal.timeout(10_000) });
    const list = OUTPUT_SCHEMAS.ls.parse(await (await ask({ authorization: `Bearer ${token}` })).json());
    expect(list.sandboxes.map(({ sandbox }) => sandbox).sort()).toEqual(['earth', 'mercury', 'venus']);
    expect((await ask({})).status).toBe(401);
  });

  test('a follower inside goes on at the next daemon', async () => {
    const child = world.start(['exec', 'mercury', '--', 'true']);
    await child.exited;
    const script = '(timeout 60 cspace logs venus -f > /tmp/followed 2>&1 &) ; sleep 1';
    await inside('inside/mercury', [
      'bash',
      '-c',
      `setsid bash -c '${script}' < /dev/null > /dev/null 2>&1; sleep 2`,
    ]);
    const read = async () => (await world.cspace(['exec', 'mercury', '--', 'cat', '/tmp/followed'])).stdout;
    await waitUntil('it began', async () => (await read()).includes('I am venus'));
    expect((await world.cspace(['daemon', 'stop'])).code).toBe(0);
    expect((await world.cspace(['send', 'venus', '--follow', 'run: echo after the daemon'])).code).toBe(0);
    await waitUntil('it came', async () => (await read()).includes('after the daemon'));
    expect(await read()).not.toContain('error');
  });
});
