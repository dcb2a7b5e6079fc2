// Servers to be forwarded to, in one process: run by Bun or by Node, in a sandbox or in a namespace, with nothing beside
// it. `servers.ts JSON` starts those listed, says `ready`, and runs until it is ended. A server that takes orders
// (`control`) starts and ends others: `{"open": SERVER}`, `{"close": PORT}`.
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export interface ServerSpec {
  kind: 'tcp' | 'udp' | 'tls' | 'websocket' | 'control';
  /** As the program says it: an address or `localhost`. */
  bind: string;
  port: number;
  /** Of `tls`, as PEM. */
  key?: string;
  cert?: string;
}

interface Server {
  close(): void;
}

/** Answers once the client has sent all: `BIND PEER BYTES`. Half-closed connections have to work for that. */
function answerAll(socket: Socket, bind: string): void {
  let bytes = 0;
  socket.on('data', (data) => {
    bytes += data.length;
  });
  socket.on('end', () => socket.end(`${bind} ${getPeer(socket.remoteAddress)} ${bytes}`));
  socket.on('error', () => socket.destroy());
}

const getPeer = (address: string | undefined): string => (address ?? '').replace('::ffff:', '');

const START: Record<ServerSpec['kind'], (spec: ServerSpec) => Promise<Server>> = {
  async tcp({ bind, port }) {
    const server = createServer({ allowHalfOpen: true }, (socket) => answerAll(socket, bind));
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, bind, resolve));
    return server;
  },
  async tls({ bind, port, key = '', cert = '' }) {
    const server = createTlsServer({ key, cert }, (socket) =>
      socket.once('data', (data) => socket.end(`${bind} ${getPeer(socket.remoteAddress)} ${data.length}`)),
    );
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, bind, resolve));
    return server;
  },
  /** The answer is as long as the question. */
  async udp({ bind, port }) {
    const socket = createSocket(bind.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (data, peer) =>
      socket.send(
        `${bind} ${getPeer(peer.address)} ${data.length}`.padEnd(data.length),
        peer.port,
        peer.address,
      ),
    );
    await new Promise<void>((resolve, reject) => socket.on('error', reject).bind(port, bind, resolve));
    return socket;
  },
  async websocket({ bind, port }) {
    const server = Bun.serve({
      hostname: bind,
      port,
      fetch: (request, server) =>
        server.upgrade(request, { data: undefined }) ? undefined : new Response(bind),
      websocket: { message: (socket, text) => void socket.send(`${bind} ${text}`) },
    });
    return { close: () => void server.stop(true) };
  },
  async control({ bind, port }) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('data', (data) => {
        text += data;
      });
      socket.on('end', () => void obey(JSON.parse(text)).then((answer) => socket.end(answer)));
    });
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, bind, resolve));
    return server;
  },
};

const servers = new Map<string, Server>();

async function start(spec: ServerSpec): Promise<void> {
  servers.set(`${spec.kind} ${spec.port}`, await START[spec.kind](spec));
}

async function obey(order: {
  open?: ServerSpec;
  close?: Pick<ServerSpec, 'kind' | 'port'>;
}): Promise<string> {
  try {
    if (order.open) await start(order.open);
    if (order.close) servers.get(`${order.close.kind} ${order.close.port}`)?.close();
    return 'done';
  } catch (error) {
    return String(error);
  }
}

for (const spec of JSON.parse(process.argv[2] ?? '[]') as ServerSpec[]) await start(spec);
console.log('ready');
