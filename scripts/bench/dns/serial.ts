import { createSocket } from 'node:dgram';
import { makeQuery } from '../../../packages/host/src/dns/testing.ts';
import type { Figures } from '../pair.ts';
import { getQuantile } from '../stats.ts';
import { getQueries } from './names.ts';

const COUNT = 3000;
const DEADLINE_MS = 30_000;

/** One query after the other, as a program does that looks a name up; not by dnsperf, whose threads wake each other. */
export async function measureSerial(port: number): Promise<Figures> {
  const packets = getQueries()
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', type] = line.split(' ');
      return makeQuery(name, type);
    });
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()));
  const latencies: number[] = [];
  const startedAt = performance.now();
  try {
    await new Promise<void>((resolve, reject) => {
      setTimeout(() => reject(new Error('serial: a query was lost')), DEADLINE_MS).unref();
      let askedAt = 0;
      const ask = () => {
        const packet = packets[latencies.length % packets.length];
        askedAt = performance.now();
        if (packet) socket.send(packet, port, '127.0.0.1');
      };
      socket.on('message', () => {
        latencies.push(performance.now() - askedAt);
        if (latencies.length === COUNT) resolve();
        else ask();
      });
      ask();
    });
  } finally {
    socket.close();
  }
  return {
    'serial qps': (COUNT / (performance.now() - startedAt)) * 1000,
    'serial p50': getQuantile(latencies, 0.5),
    'serial p99': getQuantile(latencies, 0.99),
  };
}
