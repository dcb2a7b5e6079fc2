import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTPUT_SCHEMAS } from '../../src/cli/output/schemas.ts';
import { createWorld, type World, waitUntil } from '../support/world.ts';

/** Two projects of one home, whose sandboxes see only their own. */
let world: World;
let bank: string;
beforeAll(async () => {
  world = createWorld();
  bank = join(world.folder, 'bank');
  world.git(['clone', '-q', world.repo, bank]);
  const ups = await Promise.all([
    world.cspace(['up', 'mercury', '-m', 'run: echo mercury is here']),
    world.cspace(['up', 'venus']),
    world.cspace(['up', 'earth'], { cwd: bank }),
  ]);
  expect(ups.map((up) => [up.code, up.code === 0 ? '' : up.stderr])).toEqual(
    [0, 0, 0].map((code) => [code, '']),
  );
}, 180_000);
afterAll(() => world.dispose(), 60_000);

/** What the inside printed, for the search of tokens. */
const said: string[] = [];

async function inside(ref: string, argv: string[], input?: string) {
  const exec = await world.cspace(['exec', ref, '--', ...argv], { ...(input !== undefined && { input }) });
  said.push(exec.stdout, exec.stderr);
  return exec;
}

const mercury = (...argv: string[]) => inside('shop/mercury', ['cspace', ...argv]);

/** The status that the gateway answers with: `curl` in mercury, with a token. */
async function curl(path: string, token: string, ...more: string[]) {
  const script = `curl -sS -m 20 -o /tmp/answer -w '%{http_code}' -H @- "$@" "$(jq -r .daemon /run/cspace/sandbox.json)${path}"; cat /tmp/answer`;
  const exec = await inside(
    'shop/mercury',
    ['bash', '-c', script, '-', ...more],
    `Authorization: Bearer ${token}\n`,
  );
  return exec.stdout.slice(0, 3);
}

function readTokens(project: string, sandbox: string): Record<'api' | 'model' | 'supervisor', string> {
  return JSON.parse(readFileSync(join(world.home, 'machines', project, sandbox, 'tokens.json'), 'utf8'));
}

describe('cspace inside a sandbox', () => {
  test('ls lists its own project and no other, and no path of the host', async () => {
    const { code, stdout } = await mercury('ls', '--json');
    expect(code).toBe(0);
    const { sandboxes } = OUTPUT_SCHEMAS.ls.parse(JSON.parse(stdout));
    expect(sandboxes.map(({ project, sandbox }) => `${project}/${sandbox}`)).toEqual([
      'shop/mercury',
      'shop/venus',
    ]);
    expect(stdout).not.toContain(world.folder);
    expect((await mercury('ls')).stdout).toContain('shop/venus');
  });

  test('send --follow gives a sibling a turn and shows it to its end', async () => {
    const { code, stdout } = await mercury('send', 'venus', '--follow', 'run: echo I am $(uname -n)');
    expect([code, stdout.includes('I am venus')]).toEqual([0, true]);
  });

  test('send reads the turn from stdin, and returns with its id', async () => {
    const sent = await inside(
      'shop/mercury',
      ['cspace', 'send', 'shop/venus', '-'],
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

  test.each([
    'up',
    'down',
    'rm',
    'exec',
    'shell',
    'fetch',
    'interrupt',
    'doctor',
    'setup',
    'image',
    'daemon',
  ])('%s exits with 2 and says where it works', async (command) => {
    const { code, stderr } = await mercury(command, 'venus');
    expect([code, stderr.includes(`on the host: cspace ${command}`)]).toEqual([2, true]);
  });

  test('trap-11: root inside can no more than dev', async () => {
    const { code, stdout } = await inside('shop/mercury', ['sudo', 'cspace', 'ls', '--json']);
    expect([code, JSON.parse(stdout).sandboxes.length]).toEqual([0, 2]);
  });
});

describe('fault-18: what a sandbox tries', () => {
  test('another project’s sandbox is as little there as one that never was', async () => {
    const { api } = readTokens('shop', 'mercury');
    for (const name of ['bank/earth', 'bank/pluto', 'shop/pluto']) {
      for (const command of [
        ['status', name],
        ['logs', name],
        ['send', name, 'hi'],
      ])
        expect([name, (await mercury(...command)).code]).toEqual([name, 4]);
      expect(await curl(`/sandboxes/${name}`, api)).toBe('404');
      expect(await curl(`/sandboxes/${name}/events`, api)).toBe('404');
      expect(await curl(`/sandboxes/${name}/turns`, api, '--json', '{"text":"hi"}')).toBe('404');
    }
  });

  test('P7: only its own token opens, and only the one for this', async () => {
    const own = readTokens('shop', 'mercury');
    expect(await curl('/sandboxes', own.api)).toBe('200');
    const others = [
      readTokens('shop', 'venus').api,
      readTokens('bank', 'earth').api,
      own.model,
      own.supervisor,
    ];
    const host = readFileSync(join(world.home, 'http.token'), 'utf8').trim();
    for (const token of [...others, host, '', 'x']) expect(await curl('/sandboxes', token)).toBe('401');
  });

  test('trap-20: a token in the query is none', async () => {
    expect(await curl(`/sandboxes?token=${readTokens('shop', 'mercury').api}`, '')).toBe('401');
  });

  test('trap-11: what is only the owner’s is not there', async () => {
    const { api } = readTokens('shop', 'mercury');
    for (const path of [
      '/up',
      '/stop',
      '/image/build',
      '/sandboxes/shop/venus/down',
      '/sandboxes/shop/venus/interrupt',
    ])
      expect([path, await curl(path, api, '--json', '{}')]).toEqual([path, '404']);
    expect(await curl('/sandboxes/shop/venus', api, '-X', 'DELETE')).toBe('405');
    expect(await curl('/status', api)).toBe('404');
  });

  test('the service for the host’s programs is not there for it', async () => {
    const script = 'curl -sS -m 5 -o /dev/null "http://127.0.0.1:6280/version"';
    expect((await inside('shop/mercury', ['bash', '-c', script])).code).not.toBe(0);
  });

  test('another address than its own does not make it another', async () => {
    const { sandboxes } = JSON.parse((await world.cspace(['ls', '--json'])).stdout);
    const { address } = sandboxes.find((one: { sandbox: string }) => one.sandbox === 'venus');
    const taken = await inside('shop/mercury', ['sudo', 'ip', 'addr', 'add', `${address}/32`, 'dev', 'lo']);
    const status = await curl('/sandboxes', readTokens('shop', 'venus').api, '--interface', address);
    expect(status).not.toBe('200');
    // Without the right to configure its network it could not even try.
    if (taken.code === 0)
      await inside('shop/mercury', ['sudo', 'ip', 'addr', 'del', `${address}/32`, 'dev', 'lo']);
  });

  test('a flood of connections and of requests leaves a sibling served', async () => {
    const flood = `for i in $(seq 200); do (exec 3<>/dev/tcp/\${1}/6280; sleep 8) & done 2>/dev/null;
      for i in $(seq 40); do curl -s -m 8 -o /dev/null "http://$1:6280/sandboxes" & done; wait`;
    const gateway = '192.168.64.1';
    const child = world.start(['exec', 'mercury', '--', 'bash', '-c', flood, '-', gateway]);
    await Bun.sleep(1000);
    const { code, stdout } = await inside('shop/venus', ['cspace', 'ls', '--json']);
    expect([code, JSON.parse(stdout).sandboxes.length]).toEqual([0, 2]);
    expect((await world.cspace(['ls', '--json'])).code).toBe(0);
    child.kill('SIGINT');
    await child.exited;
  });

  test('nothing of all that was answered, written down or logged holds a token', async () => {
    const refs = [
      ['shop', 'mercury'],
      ['shop', 'venus'],
      ['bank', 'earth'],
    ] as const;
    const tokens = refs.flatMap(([project, sandbox]) => Object.values(readTokens(project, sandbox)));
    tokens.push(readFileSync(join(world.home, 'http.token'), 'utf8').trim());
    const files = ['daemon.log', 'registry/shop/mercury.json', 'sessions/shop/mercury/events.ndjson'];
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
    expect(list.sandboxes.map(({ sandbox }) => sandbox)).toEqual(['earth', 'mercury', 'venus']);
    expect((await ask({})).status).toBe(401);
  });

  test('a follower inside goes on at the next daemon', async () => {
    const child = world.start(['exec', 'mercury', '--', 'true']);
    await child.exited;
    const script = '(timeout 60 cspace logs venus -f > /tmp/followed 2>&1 &) ; sleep 1';
    await inside('shop/mercury', [
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
