import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHANGING, NAMES } from './names.ts';

export interface Server {
  port: number;
  /** Gives the last name an address. */
  change(address: string): void;
  end(): Promise<void>;
}

const READY_MS = 10_000;

export async function startOurs(folder: string): Promise<Server> {
  const port = 25_354;
  const home = join(folder, 'home');
  mkdirSync(home);
  const child = Bun.spawn(
    [process.execPath, fileURLToPath(import.meta.resolve('./our-server.ts')), home, `${port}`],
    {
      stdin: 'pipe',
      stdout: 'pipe',
    },
  );
  const reader = child.stdout.getReader();
  await Promise.race([reader.read(), Bun.sleep(READY_MS)]);
  return {
    port,
    change(address) {
      child.stdin.write(`${address}\n`);
      child.stdin.flush();
    },
    end: () => end(child),
  };
}

/** With a file in the form of hosts(5), read again at SIGHUP: the way to change names of one that runs. */
export async function startDnsmasq(folder: string): Promise<Server> {
  const port = 25_355;
  const hosts = join(folder, 'hosts');
  const write = (changing: string) => {
    const others = NAMES.filter(({ domain }) => domain !== CHANGING.domain);
    const lines = others.map(({ address, domain }) => `${address} ${domain}\n`);
    writeFileSync(hosts, `${lines.join('')}${changing} ${CHANGING.domain}\n`);
  };
  write(CHANGING.addresses[0]);
  const options = [
    ...[
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--pid-file',
      '--user=root',
      '--no-resolv',
      '--no-hosts',
    ],
    ...['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${port}`],
    ...[`--addn-hosts=${hosts}`, '--local=/cspace2.local/', '--local-ttl=1', '--cache-size=1000'],
  ];
  const child = Bun.spawn(['dnsmasq', ...options], { stdin: 'ignore', stderr: 'ignore' });
  await Bun.sleep(500);
  return {
    port,
    change(address) {
      write(address);
      child.kill('SIGHUP');
    },
    end: () => end(child),
  };
}

async function end(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGKILL');
  await child.exited;
}
