import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { ProblemError } from '@cspace/protocol/problem';

/** A TCP connection, with a deadline. Throws `supervisor-unreachable` where there is none to be had. */
export function dialTcp(
  { address, port, timeoutMs }: { address: string; port: number; timeoutMs: number },
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const both = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const socket = createConnection({ host: address, port });
    const fail = (why: string) => {
      both.removeEventListener('abort', onAbort);
      socket.destroy();
      const message = `cannot connect to ${address}, port ${port}`;
      reject(new ProblemError({ code: 'supervisor-unreachable', message, why }));
    };
    const onAbort = () => fail(signal.aborted ? 'interrupted' : `no answer within ${timeoutMs} ms`);
    const onError = (error: Error) => fail(error.message);
    if (both.aborted) return onAbort();
    both.addEventListener('abort', onAbort);
    socket.once('error', onError);
    socket.once('connect', () => {
      both.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
