import { describe, expect, test } from 'bun:test';
import { resolve } from 'node:path';
import type { ListeningPort, PortsResponse } from '@cspace/protocol/ports';
import { OUTPUT_SCHEMAS, ProblemLine } from '../../src/cli/output/schemas.ts';
import { callCli } from '../support/cli-context.ts';
import { type FakeDaemon, startFakeDaemon } from '../support/fake-daemon.ts';
import { createStandInBrowser } from '../support/stand-in-browser.ts';
import { waitUntil } from '../support/world.ts';

const MAIN = resolve(import.meta.dir, '../../src/main.ts');
const ONE = 'GET /sandboxes/shop/mercury/ports';
const domain = 'mercury.shop.cspace2.local';
/** No host has the name, so what is opened is the address. */
const address = '192.168.64.2';

const vite: ListeningPort = {
  port: 3000,
  protocol: 'tcp',
  addresses: ['127.0.0.1'],
  process: 'node',
  pid: 12,
  reachable: true,
  speaks: 'http',
  url: `http://${domain}:3000/`,
};
const api: ListeningPort = {
  ...vite,
  port: 443,
  process: 'caddy',
  speaks: 'https',
  url: `https://${domain}/`,
};
const udp: ListeningPort = { ...vite, port: 5000, protocol: 'udp', speaks: null, url: null };
const hidden: ListeningPort = {
  ...vite,
  port: 3001,
  addresses: ['[::1]'],
  reachable: false,
  reason: 'bound to ::1 alone; bind 127.0.0.1',
  speaks: null,
  url: null,
};
const postgres: ListeningPort = {
  ...vite,
  port: 5432,
  process: 'postgres',
  speaks: 'unknown',
  reason: 'ends connections without an answer',
  url: `http://${domain}:5432/`,
};
const devtools: ListeningPort = {
  ...vite,
  port: 9222,
  process: 'chrome',
  reason: 'takes no name in the Host header',
  url: `http://${address}:9222/`,
};

function startWith(...ports: ListeningPort[]): Promise<FakeDaemon> {
  const answer: PortsResponse = {
    project: 'shop',
    sandbox: 'mercury',
    domain,
    address,
    ports,
    truncated: false,
  };
  return startFakeDaemon({ [ONE]: () => Response.json(answer) });
}

const call = (daemon: FakeDaemon, argv: string[], env: Record<string, string> = {}) =>
  callCli(argv, { env: { CSPACE_HOME: daemon.home, ...env } });

const notRunning = () =>
  Response.json(
    { problem: { code: 'sandbox-not-running', message: 'mercury is stopped', fix: 'cspace up mercury' } },
    { status: 409 },
  );

describe('ports', () => {
  test('lists what listens, in 80 columns where names are short', async () => {
    await using daemon = await startWith(api, vite, hidden, udp, { ...vite, port: 8080, process: null });
    const { code, stdout, stderr } = await call(daemon, ['ports', 'shop/mercury']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatchSnapshot();
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('says why it is the address, or what is odd about it', async () => {
    await using daemon = await startWith(postgres, devtools);
    expect((await call(daemon, ['ports', 'shop/mercury'])).stdout).toMatchSnapshot();
  });

  test('--json keeps to its schema', async () => {
    await using daemon = await startWith(vite, hidden);
    const { code, stdout } = await call(daemon, ['ports', 'shop/mercury', '--json']);
    expect(code).toBe(0);
    expect(OUTPUT_SCHEMAS.ports.parse(JSON.parse(stdout)).ports).toEqual([vite, hidden]);
  });

  test('nothing listens: says so, exit 0', async () => {
    await using daemon = await startWith();
    const result = await call(daemon, ['ports', 'shop/mercury']);
    expect(result).toEqual({ code: 0, stdout: '', stderr: 'nothing listens in shop/mercury\n' });
  });

  test('of a sandbox that does not run exits 5', async () => {
    await using daemon = await startFakeDaemon({ [ONE]: notRunning });
    for (const command of ['ports', 'open']) {
      expect(await call(daemon, [command, 'shop/mercury'])).toMatchObject({ code: 5, stdout: '' });
    }
  });

  test('what a guest names itself does not reach the terminal as more than text', async () => {
    const odd = {
      ...hidden,
      process: '\u001b[2Jx\ny',
      addresses: ['\u001b]0;x\u0007a'],
      reason: 'b\u009b2Jc\nd',
    };
    await using daemon = await startWith(odd);
    const { stdout } = await call(daemon, ['ports', 'shop/mercury']);
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('open', () => {
  test('opens the only port that speaks HTTP, and prints its URL', async () => {
    await using daemon = await startWith(vite, hidden, udp, postgres);
    const browser = createStandInBrowser(daemon.home);
    const { code, stdout, stderr } = await call(daemon, ['open', 'shop/mercury'], browser.env);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `http://${address}:3000/\n` });
    expect(stderr).toContain('does not know the name mercury.shop.cspace2.local');
    expect(stderr).toContain('cspace dns install');
    expect(browser.getCalls()).toEqual([['--new-tab', `http://${address}:3000/`]]);
  });

  test.each([
    ['3000', `http://${address}:3000/`],
    ['443', `https://${address}/`],
    ['5432', `http://${address}:5432/`],
  ])('opens port %s where it is named', async (port, url) => {
    await using daemon = await startWith(vite, api, postgres);
    const browser = createStandInBrowser(daemon.home);
    expect(await call(daemon, ['open', 'shop/mercury', port], browser.env)).toMatchObject({
      code: 0,
      stdout: `${url}\n`,
    });
    expect(browser.getCalls()).toEqual([['--new-tab', url]]);
  });

  test('trap-14: DevTools by the address, and says why', async () => {
    await using daemon = await startWith(devtools);
    const { stdout, stderr } = await call(daemon, ['open', 'shop/mercury', '--print']);
    expect(stdout).toBe(`http://${address}:9222/\n`);
    expect(stderr).toBe('note: the server takes no name in the Host header, so this is the address\n');
  });

  test.each(['--print', '--json'])('%s opens nothing', async (flag) => {
    await using daemon = await startWith(vite);
    const browser = createStandInBrowser(daemon.home);
    const { code, stdout } = await call(daemon, ['open', 'shop/mercury', flag], browser.env);
    const url = flag === '--json' ? OUTPUT_SCHEMAS.open.parse(JSON.parse(stdout)).url : stdout.trim();
    expect({ code, url, calls: browser.getCalls() }).toEqual({
      code: 0,
      url: `http://${address}:3000/`,
      calls: [],
    });
  });

  test.each([
    ['no display', {}, 'there is no display, and BROWSER is not set'],
    ['no such browser', { BROWSER: 'cspace-no-such-browser' }, 'cspace-no-such-browser: not installed'],
    ['a browser that fails', { BROWSER: 'false', PATH: process.env.PATH ?? '' }, 'false: ended with 1'],
  ])('%s: prints the URL, says so, exit 0', async (_, env, why) => {
    await using daemon = await startWith(vite);
    const { code, stdout, stderr } = await call(daemon, ['open', 'shop/mercury'], env);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `http://${address}:3000/\n` });
    expect(stderr).toEndWith(`note: nothing was opened: ${why}\n`);
  });

  test.each([
    ['several ports, and nobody to ask', [vite, api], [], 2, ['443 caddy https', '3000 node http']],
    ['nothing that speaks HTTP', [postgres], [], 4, ['5432 postgres', 'http.server']],
    ['nothing at all', [], [], 4, ['nothing listens there at all', 'http.server']],
    ['a port on which nobody listens', [vite], ['4000'], 4, ['port 4000', '3000 node http']],
    ['a port that is not reachable', [hidden], ['3001'], 4, ['not reachable', 'bind 127.0.0.1']],
    ['a port of UDP', [udp], ['5000'], 4, ['UDP']],
    ['a port that is none', [vite], ['0'], 2, ['1 to 65535']],
    ['a port of letters', [vite], ['http'], 2, ['1 to 65535']],
    ['a port too large', [vite], ['65536'], 2, ['1 to 65535']],
  ] as [string, ListeningPort[], string[], number, string[]][])('%s', async (_, ports, argv, exit, words) => {
    await using daemon = await startWith(...ports);
    const { code, stdout, stderr } = await call(daemon, ['open', 'shop/mercury', ...argv]);
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' });
    for (const word of words) expect(stderr).toContain(word);
    const json = await call(daemon, ['open', 'shop/mercury', ...argv, '--json']);
    expect(json.code).toBe(exit);
    ProblemLine.parse(JSON.parse(json.stdout));
  });

  test('several ports on a terminal: asks, and opens the one that is chosen', async () => {
    await using daemon = await startWith(api, vite);
    const browser = createStandInBrowser(daemon.home);
    let shown = '';
    const child = Bun.spawn([process.execPath, MAIN, 'open', 'shop/mercury'], {
      env: { ...browser.env, CSPACE_HOME: daemon.home, HOME: daemon.home, TERM: 'xterm' },
      timeout: 20_000,
      terminal: {
        cols: 100,
        rows: 24,
        data: (_, bytes) => {
          shown += Buffer.from(bytes).toString('utf8');
        },
      },
    });
    await waitUntil('it asks', () => shown.includes('443 caddy https') && shown.includes('3000 node http'));
    child.terminal?.write('\u001b[B');
    await waitUntil('the second is marked', () => /●.{0,12} 3000 node/u.test(shown));
    child.terminal?.write('\r');
    expect(await child.exited).toBe(0);
    child.terminal?.close();
    expect(browser.getCalls()).toEqual([['--new-tab', `http://${address}:3000/`]]);
  });
});
