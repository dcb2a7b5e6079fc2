import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxStatus, SandboxView } from '@cspace/protocol/sandbox';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';

export const mercury: SandboxView = {
  project: 'shop',
  sandbox: 'mercury',
  domain: 'mercury.shop.cspace2.local',
  state: 'running',
  address: '192.168.64.2',
  substrate: 'podman',
  branch: 'cspace/mercury',
  session: null,
  repository: '/src/shop',
  createdAt: '2026-01-01T00:00:00.000Z',
  practice: true,
};

export const mercuryStatus: SandboxStatus = {
  ...mercury,
  supervisor: {
    ok: true,
    version: VERSION,
    protocol: PROTOCOL,
    state: 'idle',
    session: null,
    turn: null,
    queued: 0,
  },
};

/** Answers by `METHOD /path`; what is not there is a 404 without a problem in it. */
export type Answers = Record<string, (request: Request) => Response | Promise<Response>>;

export interface FakeDaemon extends AsyncDisposable {
  home: string;
  /** `METHOD /path?query body`, in the order they came. */
  requests: string[];
  answers: Answers;
}

/** A daemon by the protocol's schemas and no more, on a socket of its own home. */
export async function startFakeDaemon(answers: Answers = {}, version = VERSION): Promise<FakeDaemon> {
  const home = await mkdtemp(join(tmpdir(), 'cspace-fake-'));
  const requests: string[] = [];
  const all: Answers = {
    'GET /version': () => Response.json({ version, protocol: PROTOCOL, pid: process.pid }),
    ...answers,
  };
  const server = Bun.serve<{ started: boolean }>({
    unix: join(home, 'daemon.sock'),
    async fetch(request, server) {
      const url = new URL(request.url);
      if (url.pathname.endsWith('/exec') && server.upgrade(request, { data: { started: false } }))
        return undefined;
      const key = `${request.method} ${url.pathname}`;
      if (url.pathname !== '/version')
        requests.push(`${key}${url.search} ${await request.clone().text()}`.trim());
      return all[key]?.(request) ?? new Response('no such thing', { status: 404 });
    },
    websocket: {
      // A command that prints its request on stdout, its input on stderr, and exits with 7.
      message(socket, message) {
        if (!socket.data.started) {
          socket.data.started = true;
          socket.sendBinary(new Uint8Array([1, ...Buffer.from(message)]));
        } else if (typeof message !== 'string' && message.length > 0) {
          socket.sendBinary(new Uint8Array([2, ...message]));
        } else if (typeof message !== 'string') {
          socket.sendText(JSON.stringify({ type: 'exit', code: 7 }));
          socket.close();
        }
      },
    },
  });
  return {
    home,
    requests,
    answers: all,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await rm(home, { recursive: true, force: true });
    },
  };
}

export function respondLines(...values: unknown[]): Response {
  return new Response(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}
