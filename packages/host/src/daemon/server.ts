import { chmodSync, lchownSync, rmSync } from 'node:fs';
import type { House } from '../sandbox/house.ts';
import type { Owner } from '../system/owner.ts';
import { createExecConnection, createExecHandler, type ExecConnection } from './http/exec.ts';
import { getRefOfExec } from './http/exec-path.ts';
import { respondProblem } from './http/respond.ts';
import type { IdleTimer } from './idle.ts';

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
  const open = new Set<Promise<void>>();
  const track = () => {
    const end = idle.begin();
    let done = () => {};
    const finished = new Promise<void>((resolve) => {
      done = resolve;
    });
    open.add(finished);
    return () => {
      end();
      open.delete(finished);
      done();
    };
  };
  const before = process.umask(0o177);
  const server = Bun.serve<ExecConnection>({
    unix: socket,
    ...NO_IDLE_TIMEOUT,
    async fetch(request, server) {
      const done = track();
      try {
        const ref = getRefOfExec(request);
        if (ref) {
          const upgraded = server.upgrade(request, { data: createExecConnection(ref, done) });
          return upgraded ? undefined : new Response('expected a WebSocket', { status: 426 });
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
      await Promise.race([Promise.all(open), Bun.sleep(timeoutMs)]);
      await server.stop(true);
    },
  };
}

/** The same response; `done` is called when its body was sent, or its reader went away. */
function endWith(response: Response, done: () => void): Response {
  if (!response.body) {
    done();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done: ended, value } = await reader.read();
      if (!ended) return controller.enqueue(value);
      controller.close();
      done();
    },
    async cancel(reason) {
      await reader.cancel(reason);
      done();
    },
  });
  return new Response(body, response);
}
