import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface DnsProcess {
  pid: number;
  dns: number;
  http: number;
  /** Of the HTTP service. */
  token: string;
  getRssMiB(): number;
  end(): Promise<void>;
}

/** Starts test/support/dns-process.ts. */
export async function startDnsProcess(): Promise<DnsProcess> {
  const child = Bun.spawn([process.execPath, fileURLToPath(import.meta.resolve('./dns-process.ts'))], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: 300_000,
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const ports = JSON.parse(new TextDecoder().decode(value));
  return {
    pid: child.pid,
    ...ports,
    // Pages of 4 KiB: proc(5), statm.
    getRssMiB: () => Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) / 256,
    async end() {
      // What is in its queue comes first.
      child.kill('SIGTERM');
      const killing = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await child.exited;
      clearTimeout(killing);
    },
  };
}

export interface Flood {
  sent: number;
  answered: number;
}

/** How many questions may be without an answer: less than the server's socket holds, so that none is lost. */
const WINDOW = 64;
const STUCK_MS = 2000;

/**
 * Sends `count` packets as fast as they are answered. Those that get no answer come back in `sent` only; it is less than
 * `count` where nothing is answered any more.
 */
export function flood(port: number, count: number, makePacket: (n: number) => Buffer): Promise<Flood> {
  const socket = createSocket('udp4');
  let [sent, answered, lost, lastAt] = [0, 0, 0, performance.now()];
  let isStuck = false;
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearInterval(watch);
      socket.close();
      resolve({ sent, answered });
    };
    const send = () => {
      while (sent < count && sent - answered - lost < WINDOW) {
        socket.send(makePacket(sent), port, '127.0.0.1');
        sent += 1;
      }
    };
    const watch = setInterval(() => {
      if (performance.now() - lastAt < STUCK_MS) return;
      if (isStuck || sent === count) return finish();
      // By UDP a packet may be lost, where the machine is busy.
      [isStuck, lost, lastAt] = [true, sent - answered, performance.now()];
      send();
    }, 100);
    socket.on('error', reject);
    socket.on('message', () => {
      answered += 1;
      [isStuck, lastAt] = [false, performance.now()];
      if (answered === count) finish();
      else send();
    });
    socket.bind(0, '127.0.0.1', send);
  });
}
