import { createSocket } from 'node:dgram';
import type { Forward, Responder } from './responder.ts';

export interface UdpOptions {
  address: string;
  port: number;
  responder: Responder;
  /** By the peer's address. */
  forward?: (peer: string) => Forward;
}

export interface Closable {
  /** Resolves when the port is free. */
  close(): Promise<void>;
}

/** Room for what comes while the daemon does something else for a moment; the kernel may grant less. */
const RECEIVE_BYTES = 1024 * 1024;

/** Answers by UDP. Rejects with the system's error, such as EADDRINUSE. */
export async function listenUdp({ address, port, responder, forward }: UdpOptions): Promise<Closable> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address, port, exclusive: true }, resolve);
  });
  socket.removeAllListeners('error');
  // A client that is gone, or that a firewall cuts off, is no trouble of ours.
  socket.on('error', () => {});
  socket.setRecvBufferSize(RECEIVE_BYTES);
  let open = true;
  const send = (response: Buffer | undefined, peer: { port: number; address: string }) => {
    if (response && open) socket.send(response, peer.port, peer.address);
  };
  socket.on('message', (packet, peer) => {
    if (peer.port === 0) return;
    const response = responder.respond(packet, 'udp', forward?.(peer.address));
    if (response instanceof Promise) void response.then((late) => send(late, peer));
    else send(response, peer);
  });
  return {
    close: () => {
      open = false;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}
