import { createPortTakenProblem } from '../network/port-taken.ts';
import type { Forward, Responder } from './responder.ts';
import { listenTcp, type TcpLimits } from './tcp.ts';
import { type Closable, listenUdp } from './udp.ts';

export interface DnsServerOptions {
  address: string;
  port: number;
  responder: Responder;
  /** For names that are not ours, by the client's address; refused where there is none. */
  forward?: (peer: string) => Forward;
  tcpLimits?: TcpLimits;
}

/** Listens by UDP and by TCP, both or neither. Throws `port-taken`, naming who has the port. */
export async function listenDns({ tcpLimits, ...options }: DnsServerOptions): Promise<Closable> {
  const udp = await listenUdp(options).catch((error) => refuse(error, 'udp', options));
  try {
    const tcp = await listenTcp({ ...options, ...(tcpLimits ? { limits: tcpLimits } : {}) });
    return {
      async close() {
        await Promise.all([udp.close(), tcp.close()]);
      },
    };
  } catch (error) {
    await udp.close();
    return refuse(error, 'tcp', options);
  }
}

async function refuse(
  error: unknown,
  protocol: 'udp' | 'tcp',
  { address, port }: DnsServerOptions,
): Promise<never> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  throw await createPortTakenProblem({ protocol, address, port, key: 'dns' });
}
