import { createServer, type Socket } from 'node:net';
import type { Forward, Responder } from './responder.ts';
import { createStream, type DnsStream } from './tcp-stream.ts';
import type { Closable } from './udp.ts';

export interface TcpLimits {
  /** Since the last whole query, and until the first one. */
  idleMs: number;
  /** Of a connection, whatever it does. */
  lifetimeMs: number;
  connections: number;
  connectionsOfPeer: number;
}

export const TCP_LIMITS: TcpLimits = {
  idleMs: 10_000,
  lifetimeMs: 120_000,
  connections: 256,
  connectionsOfPeer: 32,
};

export interface TcpOptions {
  address: string;
  port: number;
  responder: Responder;
  forward?: (peer: string) => Forward;
  limits?: TcpLimits;
}

interface Connection {
  socket: Socket;
  stream: DnsStream;
  peer: string;
  openedAt: number;
}

/**
 * Answers by TCP. Where there are too many connections, of one peer or in all, the one goes that has been silent for
 * longest: half-open ones do not keep others out (RFC 7766, 6.2.3). Rejects with the system's error.
 */
export async function listenTcp(options: TcpOptions): Promise<Closable> {
  const { address, port, responder, forward, limits = TCP_LIMITS } = options;
  const connections = new Set<Connection>();
  const drop = (connection: Connection | undefined) => {
    if (!connection) return;
    connections.delete(connection);
    connection.socket.destroy();
  };
  // The other side may close its half and still wait for the answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = socket.remoteAddress ?? '';
    const ofPeer = [...connections].filter((connection) => connection.peer === peer);
    if (ofPeer.length >= limits.connectionsOfPeer) drop(findSilent(ofPeer));
    else if (connections.size >= limits.connections) drop(findSilent([...connections]));
    const stream = createStream(socket, (packet) => responder.respond(packet, 'tcp', forward?.(peer)));
    const connection = { socket, stream, peer, openedAt: performance.now() };
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, exclusive: true }, resolve);
  });
  server.removeAllListeners('error');
  // No descriptor is left, say: the next connection is another chance.
  server.on('error', () => {});
  const sweep = setInterval(() => {
    const now = performance.now();
    for (const connection of connections) {
      const idleMs = now - connection.stream.getLastQueryAt();
      if (idleMs > limits.idleMs || now - connection.openedAt > limits.lifetimeMs) drop(connection);
    }
  }, limits.idleMs / 10);
  return {
    close: () => {
      clearInterval(sweep);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) drop(connection);
      return closed;
    },
  };
}

function findSilent(connections: readonly Connection[]): Connection | undefined {
  const since = (connection: Connection) => connection.stream.getLastQueryAt();
  return connections.reduce<Connection | undefined>(
    (silent, one) => (silent && since(silent) <= since(one) ? silent : one),
    undefined,
  );
}
