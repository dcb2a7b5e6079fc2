import type { Socket } from 'node:net';
import type { TcpLimits } from './limits.ts';

/**
 * The connections of one listener, each with a deadline for what is due next. One that sends nothing is shown to us a
 * second late: Bun has the kernel wait for the first bytes (TCP_DEFER_ACCEPT, tcp(7)).
 */
export interface Connections {
  /** A new one: ended at once where there are too many of its peer, or in all. */
  add(socket: Socket): void;
  /** Something is due within the time given, else the connection is cut; undefined: nothing is. */
  expect(socket: Socket, withinMs: number | undefined): void;
}

export function createConnections(limits: TcpLimits): Connections {
  const timers = new Map<Socket, ReturnType<typeof setTimeout> | undefined>();
  const peers = new Map<string, number>();

  function expect(socket: Socket, withinMs: number | undefined) {
    // One that has closed meanwhile must not come back.
    if (!timers.has(socket)) return;
    clearTimeout(timers.get(socket));
    timers.set(socket, withinMs === undefined ? undefined : setTimeout(() => socket.destroy(), withinMs));
  }

  return {
    add(socket) {
      const peer = socket.remoteAddress ?? '';
      const mine = peers.get(peer) ?? 0;
      if (mine >= limits.perPeer || timers.size >= limits.total) {
        socket.destroy();
        return;
      }
      peers.set(peer, mine + 1);
      timers.set(socket, undefined);
      socket.once('close', () => {
        clearTimeout(timers.get(socket));
        timers.delete(socket);
        const left = (peers.get(peer) ?? 1) - 1;
        if (left === 0) peers.delete(peer);
        else peers.set(peer, left);
      });
      expect(socket, limits.headersMs);
    },
    expect,
  };
}
