import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Listener } from '../service.ts';
import type { Incoming } from './admission.ts';
import { createConnections } from './connections.ts';
import { getIncoming, sendResponse, toRequest } from './exchange.ts';
import { MAX_HEADER_BYTES, type TcpLimits } from './limits.ts';

/** One request, with what cannot be read from a Request. */
export interface Asked {
  incoming: Incoming;
  /** Address of the other end. */
  peer: string | undefined;
  /** Its signal is aborted when the client goes away. */
  toRequest(): Request;
}

export interface TcpServerOptions {
  address: string;
  port: number;
  limits: TcpLimits;
  /** Must not reject. */
  answer(asked: Asked): Promise<Response>;
}

/** How long what is left of a body is taken in after the answer: else the reader might not see the answer for the reset. */
const DISCARD_MS = 2000;

/**
 * HTTP on a TCP port that strangers reach. By node's server, since with it connections can be counted and cut before they
 * have sent anything: Bun.serve shows requests only (Bun 1.4.5). Rejects with the system's error, such as EADDRINUSE.
 */
export async function listenOnTcp(options: TcpServerOptions): Promise<Listener> {
  const { address, port, limits } = options;
  const connections = createConnections(limits);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0 }, (message, reply) => {
    void handle(message, reply);
  });

  async function handle(message: IncomingMessage, reply: ServerResponse) {
    const { socket } = message;
    connections.expect(socket, limits.bodyMs);
    message.once('end', () => connections.expect(socket, undefined));
    // Only a POST has a body that anybody reads.
    if (message.method !== 'POST') message.resume();
    // A client that goes away is no failure of ours.
    message.on('error', () => {});
    const left = new AbortController();
    reply.once('close', () => left.abort(new Error('the client left')));
    try {
      const response = await options.answer({
        incoming: getIncoming(message),
        peer: socket.remoteAddress,
        toRequest: () => toRequest(message, left.signal),
      });
      if (!message.complete) reply.setHeader('connection', 'close');
      await sendResponse(reply, response, {
        signal: left.signal,
        onWait: (waits) => connections.expect(socket, waits ? limits.stallMs : undefined),
      });
      connections.expect(socket, message.complete ? limits.headersMs : DISCARD_MS);
      message.resume();
    } catch {
      // What the answer is made of failed in its middle: the reader must not take it for whole.
      socket.destroy();
    }
  }

  server.on('connection', (socket: Socket) => connections.add(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status =
      error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  });
  await listen(server, { address, port });
  return { close: () => close(server) };
}

function listen(server: Server, { address, port }: { address: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, exclusive: true }, () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
