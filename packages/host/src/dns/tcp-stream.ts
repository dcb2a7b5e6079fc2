import type { Socket } from 'node:net';

export interface DnsStream {
  /** Monotonic milliseconds: when the last whole query came, or the connection. */
  getLastQueryAt(): number;
}

type Respond = (packet: Buffer) => Buffer | undefined | Promise<Buffer | undefined>;

const PREFIX_BYTES = 2;
/** No query is nearly as long; who announces more wants our memory. */
const MAX_QUERY_BYTES = 4096;

/**
 * Queries and answers on one connection, each with its length in front (RFC 1035, 4.2.2). One is answered after the
 * other, and nothing more is read while an answer is waited for or not taken: a client cannot pile up work here.
 */
export function createStream(socket: Socket, respond: Respond): DnsStream {
  let unread: Buffer = Buffer.alloc(0);
  let lastQueryAt = performance.now();
  let busy = false;
  let ended = false;

  /** The next whole query; undefined where there is none yet. */
  function take(): Buffer | undefined {
    if (unread.length < PREFIX_BYTES) return undefined;
    const length = unread.readUInt16BE(0);
    if (length > MAX_QUERY_BYTES) {
      socket.destroy();
      return undefined;
    }
    if (unread.length < PREFIX_BYTES + length) return undefined;
    const packet = unread.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
    unread = unread.subarray(PREFIX_BYTES + length);
    return packet;
  }

  /** Whether the client takes more. */
  function write(response: Buffer | undefined): boolean {
    if (!response || socket.destroyed) return true;
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt16BE(response.length);
    return socket.write(Buffer.concat([prefix, response]));
  }

  function wait(until: Promise<unknown>) {
    busy = true;
    socket.pause();
    void until.then(() => {
      busy = false;
      socket.resume();
      work();
    });
  }

  function work() {
    for (let packet = take(); packet; packet = take()) {
      lastQueryAt = performance.now();
      const response = respond(packet);
      if (response instanceof Promise)
        return wait(response.then(write).then((taken) => (taken ? undefined : waitForDrain())));
      if (!write(response)) return wait(waitForDrain());
    }
    if (ended && !socket.destroyed) socket.end();
  }

  function waitForDrain(): Promise<void> {
    return new Promise((resolve) => socket.once('drain', resolve));
  }

  socket.on('data', (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    if (!busy) work();
  });
  socket.on('end', () => {
    ended = true;
    if (!busy) work();
  });
  // Reset, timed out: the connection is closed, and that is all.
  socket.on('error', () => socket.destroy());
  return { getLastQueryAt: () => lastQueryAt };
}
