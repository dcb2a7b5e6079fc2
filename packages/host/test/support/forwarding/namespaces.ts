import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAlive, waitUntil } from '../world.ts';
import { PROBE, type Probe, SERVERS } from './drive.ts';
import { getServers, type Place } from './matrix.ts';

const ROOT = resolve(import.meta.dir, '../../../../..');
const FORWARDING = join(ROOT, 'image/rootfs/usr/local/lib/cspace/forwarding');
const RELAY = join(ROOT, 'packages/supervisor/src/relay/main.ts');
const TIMEOUT_MS = 20_000;
export const GATEWAY = '192.168.64.1';
export const ADDRESS = '192.168.64.2';

/** Two network namespaces with a cable between them, as a sandbox and its host have it; no machine, no root needed. */
export interface Namespaces {
  place: Place;
  fromHost: Probe;
  fromItself: Probe;
  /** In the sandbox's; throws where it fails. */
  run(script: string): string;
  /** What `forwarding` said. */
  said: string;
  dispose(): Promise<void>;
}

/** Why they cannot be made here. */
export function getReason(): string | undefined {
  if (Bun.which('nft') === null) return 'nft is missing';
  const tried = Bun.spawnSync(['unshare', '-Urnm', 'true'], { timeout: TIMEOUT_MS });
  return tried.exitCode === 0 ? undefined : 'user namespaces are not to be had';
}

const WIRE = `
ip link set lo up
ip link add eth0 type veth peer name eth0 netns $HOST
ip addr add ${ADDRESS}/32 dev eth0
ip link set eth0 up
ip route add ${GATEWAY} dev eth0
ip route add default via ${GATEWAY}
mount --bind "$FOLDER/hosts" /etc/hosts
# Else the kernel rations refusals of UDP.
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit`;
/** A project's own firewall, as many are written: nothing of ours may look like a packet out of nowhere. */
const FIREWALL = `
nft 'table ip own {
  chain in { type filter hook input priority 0; ct state invalid drop; }
  chain out { type filter hook output priority 0; ct state invalid drop; }
}'`;
const WIRE_HOST = `
ip link set lo up
ip addr add ${GATEWAY}/32 dev eth0
ip link set eth0 up
ip route add ${ADDRESS} dev eth0`;
const SYSCTLS = `
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
for name in all default lo; do
  ! test -e /proc/sys/net/ipv6 || echo 1 >/proc/sys/net/ipv6/conf/$name/disable_ipv6
done`;

/** An nft of a kernel whose rules cannot look for sockets. */
const NFT_WITHOUT_SOCKET = `#!/bin/sh
input=$(cat)
case $input in *socket*) echo 'Error: no such expression' >&2; exit 1 ;; esac
printf '%s\\n' "$input" | exec ${Bun.which('nft')} "$@"
`;

/** `polled`: a relay, on a kernel whose rules cannot look for sockets. */
export type Way = Place['mode'] | 'polled';

/** `folder` is empty and stays the caller's. */
export async function makeNamespaces(way: Way, folder: string): Promise<Namespaces> {
  const place: Place = { address: ADDRESS, mode: way === 'direct' ? 'direct' : 'relay' };
  const hold = (argv: string[]) =>
    Bun.spawn([...argv, 'sh', '-c', 'echo; exec cat'], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' });
  const guest = hold(['unshare', '-Urnm']);
  await guest.stdout.getReader().read();
  const enter = ['nsenter', '-t', String(guest.pid), '-U', '-m', '--preserve-credentials'];
  const host = hold([...enter, 'unshare', '-n']);
  await host.stdout.getReader().read();

  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(folder, 'hosts'), '127.0.0.1 localhost\n');
  const relay = `#!/bin/sh\necho $$ >"$FOLDER/relay.pid"\nexec ${process.execPath} ${RELAY} "$@"\n`;
  writeFileSync(join(bin, 'cspace-relay'), relay, { mode: 0o755 });
  if (way === 'polled') writeFileSync(join(bin, 'nft'), NFT_WITHOUT_SOCKET, { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env.PATH}`, HOST: String(host.pid), FOLDER: folder };
  const inside = (pid: number) => [...enter, `--net=/proc/${pid}/ns/net`];

  function runIn(pid: number, script: string): string {
    const argv = [...inside(pid), 'sh', '-ec', script];
    // Into a file: a relay that stays would keep a pipe open.
    const said = join(folder, 'said');
    const child = Bun.spawnSync(argv, { env, stdout: Bun.file(said), stderr: 'pipe', timeout: TIMEOUT_MS });
    if (child.exitCode !== 0) throw new Error(`${script}: ${child.stderr}`);
    return readFileSync(said, 'utf8');
  }

  const probeIn =
    (pid: number): Probe =>
    async (calls) => {
      const argv = [...inside(pid), process.execPath, PROBE, JSON.stringify(calls)];
      const child = Bun.spawn(argv, { env, stdout: 'pipe', stderr: 'inherit', timeout: TIMEOUT_MS });
      return JSON.parse(await new Response(child.stdout).text());
    };

  runIn(guest.pid, WIRE + FIREWALL);
  runIn(host.pid, WIRE_HOST);
  if (way !== 'relay') runIn(guest.pid, SYSCTLS);
  const said = runIn(guest.pid, `${FORWARDING} ${ADDRESS} 2>&1`);
  const servers = Bun.spawn(
    [...inside(guest.pid), process.execPath, SERVERS, JSON.stringify(getServers(place))],
    { env, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
  );
  await servers.stdout.getReader().read();

  return {
    place,
    said,
    fromHost: probeIn(host.pid),
    fromItself: probeIn(guest.pid),
    run: (script) => runIn(guest.pid, script),
    async dispose() {
      for (const child of [servers, host, guest]) {
        child.kill();
        await child.exited;
      }
      if (way === 'direct') return;
      const relayPid = Number(readFileSync(join(folder, 'relay.pid'), 'utf8'));
      process.kill(relayPid);
      await waitUntil('the relay is gone', () => !isAlive(relayPid));
    },
  };
}
