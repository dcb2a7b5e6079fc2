import { connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpRelayOptions {
  /** Where redirected connections arrive, at a port of the kernel's choice. */
  address: string;
  /** Which port the client called. */
  getOriginalPort: (descriptor: number) => number | undefined;
  /** Connections at the same time; two descriptors each. What comes beyond is reset. */
  maxConnections: number;
}

const LOOPBACK = '127.0.0.1';
/** Finds out about clients that vanished; the kernel does the rest. */
const KEEP_ALIVE_MS = 60_000;

/** Bun's handle of a socket has its descriptor; @types/bun does not know it. */
type WithHandle = { _handle?: { fd?: number } | null };

/**
 * Passes connections on to the same port of 127.0.0.1, with either side's end by itself (half-closed connections) and
 * no more in memory than the buffers of two sockets. Listens when it resolves.
 */
export async function startTcpRelay(options: TcpRelayOptions): Promise<Server> {
  let open = 0;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    const descriptor = (client as unknown as WithHandle)._handle?.fd;
    const port = descriptor === undefined ? undefined : options.getOriginalPort(descriptor);
    // Whoever calls the relay's own port was not redirected, and would be passed on to ourselves for ever.
    if (port === undefined || port === client.localPort || open >= options.maxConnections) {
      client.resetAndDestroy();
      return;
    }
    open += 1;
    client.on('close', () => {
      open -= 1;
    });
    pass(client, port);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: options.address, port: 0 }, resolve);
  await promise;
  return server;
}

function pass(client: Socket, port: number): void {
  const server = connect({ host: LOOPBACK, port, allowHalfOpen: true, noDelay: true });
  // A reset of one side is one of the other; a server that has just gone refuses, and so do we.
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => to.destroySoon());
    from.setKeepAlive(true, KEEP_ALIVE_MS);
  }
  server.once('connect', () => {
    client.pipe(server);
    server.pipe(client);
  });
}
