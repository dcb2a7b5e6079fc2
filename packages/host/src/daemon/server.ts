import { chmodSync, lchownSync, rmSync } from 'node:fs';
import type { House } from '../sandbox/house.ts';
import type { Owner } from '../system/owner.ts';
import { createExecConnection, createExecHandler, type ExecConnection } from './http/exec.ts';
import { getRefOfExec } from './http/exec-path.ts';
import { respondProblem } from './http/respond.ts';
import type { IdleTimer } from './idle.ts';
import { createOpenRequests, endWith } from './open-requests.ts';

export interface ServerOptions {
  socket: string;
  owner: Owner;
  house: House;
  idle: IdleTimer;
  fetch(request: Request): Response | Promise<Response>;
}

export interface SocketServer {
  /** Takes no more connections and resolves once the open requests are answered, or after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Progress may pause for long, and the default ends a silent connection after 10 s. Bun's types know the option for TCP
 * only, but it holds for unix sockets too, where `server.timeout()` does not (tried with Bun 1.4.5).
 */
const NO_IDLE_TIMEOUT: object = { idleTimeout: 0 };

/** The owner's API on a unix socket: only the owner, and root, may connect. */
export function listenOnSocket({ socket, owner, house, idle, fetch }: ServerOptions): SocketServer {
  // The lock is ours, so whoever left this behind is dead.
  rmSync(socket, { force: true });
  const open = createOpenRequests(() => idle.begin());
  const before = process.umask(0o177);
  const server = Bun.serve<ExecConnection>({
    unix: socket,
    ...NO_IDLE_TIMEOUT,
    async fetch(request, server) {
      const done = open.begin();
      try {
        const ref = getRefOfExec(request);
        if (ref) {
          const upgraded = server.upgrade(request, { data: createExecConnection(ref, done) });
          if (upgraded) return undefined;
          return endWith(new Response('expected a WebSocket', { status: 426 }), done);
        }
        return endWith(await fetch(request), done);
      } catch (error) {
        done();
        return respondProblem(error, house.log);
      }
    },
    websocket: createExecHandler(house),
  });
  process.umask(before);
  chmodSync(socket, 0o600);
  if (process.getuid?.() === 0) lchownSync(socket, owner.uid, owner.gid);
  return {
    async close(timeoutMs) {
      rmSync(socket, { force: true });
      await open.drain(timeoutMs);
      await server.stop(true);
    },
  };
}
