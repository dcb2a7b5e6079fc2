import { createSocket } from 'node:dgram';
import { makeQuery, read } from '../../../packages/host/src/dns/testing.ts';
import { CHANGING } from './names.ts';
import type { Server } from './servers.ts';

const DEADLINE_MS = 5000;

/** Milliseconds from asking for a change until the first answer that has it; asks all the time. */
export async function measureVisibility(server: Server, address: string): Promise<number> {
  const socket = createSocket('udp4');
  const query = makeQuery(CHANGING.domain);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()));
  try {
    return await new Promise<number>((resolve, reject) => {
      const ask = () => socket.send(query, server.port, '127.0.0.1');
      const startedAt = performance.now();
      socket.on('message', (packet) => {
        const elapsed = performance.now() - startedAt;
        const [found] = read(packet).answers ?? [];
        if (found?.type === 'A' && found.data === address) resolve(elapsed);
        else if (elapsed > DEADLINE_MS) reject(new Error(`a change is not seen within ${DEADLINE_MS} ms`));
        else ask();
      });
      server.change(address);
      ask();
    });
  } finally {
    socket.close();
  }
}
