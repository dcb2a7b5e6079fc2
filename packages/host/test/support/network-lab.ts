import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, getDefaults } from '../../src/config/schema.ts';
import { createHostNetwork, type HostNetwork } from '../../src/daemon/host-network.ts';
import type { Member } from '../../src/network/rules.ts';
import type { Cable, Plug } from '../../src/substrate/substrate.ts';
import { openTap } from '../../src/system/tap.ts';
import { TAP_RELAY } from './tap-relay.ts';

export const SUBNET = '10.211.5.0/24';
export const GATEWAY = '10.211.5.1';
export const BRIDGE = 'cstest0';
/** Nobody's. */
const TAP_UID = 296_700;
export const PORTS = { dns: 5354, http: 6280 };

/** Why these tests cannot run here. */
export function getLabReason(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  return process.env.CSPACE_LAB === undefined ? 'makes interfaces: run it by scripts/lab' : undefined;
}

export interface NetworkLab {
  home: string;
  network: HostNetwork;
  /** The daemon anew: knows what the registry knew. */
  restart(members: readonly Member[]): HostNetwork;
  /** Another home that wants the same. */
  makeOther(): HostNetwork;
  /** A process with a network namespace of its own, as a machine's first one has. */
  makeMachine(): Promise<number>;
  /** A machine with an address on the network; gives its pid. */
  join(address: string, member?: Partial<Omit<Member, 'address'>>): Promise<number>;
  /** Listens on these TCP ports of all addresses in a machine, or on the host; tells each client its address. */
  listen(pid: number | undefined, ports: number[]): Promise<void>;
  /** Runs a script in a machine, or on the host, that says `ready` and stays. */
  run(pid: number | undefined, script: string, args?: string[]): Promise<void>;
  /** The host beyond: a namespace behind the lab's other interface, 198.51.100.9, default route of the lab. */
  makeOutside(): Promise<number>;
  dispose(): Promise<void>;
}

export const signal = () => AbortSignal.timeout(30_000);

/** What suites that hold whatever a cable is made of are run for: each kind, and how it is named. */
export const PLUG_KINDS = ['namespace', 'tap'] as const;

/**
 * A home's network in the lab, with plain namespaces as machines, at the end of a cable of this kind. `dispose` takes
 * everything away.
 */
export function makeNetworkLab(kind: Plug['kind'] = 'namespace'): NetworkLab {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-network-'));
  const home = join(folder, 'home');
  mkdirSync(home);
  const config: Config = { ...getDefaults(1), bridge: BRIDGE, subnet: SUBNET, ports: PORTS };
  const create = (members: readonly Member[], of = home) =>
    createHostNetwork({ config, home: of, owner: { uid: 1501, gid: 1501 }, members });
  const children: Bun.Subprocess[] = [];
  const taps: number[] = [];

  async function makeMachine() {
    const child = Bun.spawn(['unshare', '--net', 'sleep', '300'], { stdio: ['ignore', 'ignore', 'ignore'] });
    children.push(child);
    const own = sh('readlink /proc/self/ns/net').out;
    while (sh(`readlink /proc/${child.pid}/ns/net`).out === own) await Bun.sleep(5);
    return child.pid;
  }

  async function start(pid: number | undefined, args: string[], tap?: number) {
    const argv = [...enter(pid), process.execPath, ...args];
    const child = Bun.spawn(argv, { stdio: ['ignore', 'pipe', 'inherit', ...(tap ? [tap] : [])] });
    children.push(child);
    const { value } = await child.stdout.getReader().read();
    if (new TextDecoder().decode(value) !== 'ready\n') throw new Error('the script is not ready');
  }

  /** What a machine with a kernel of its own does with its cable. */
  async function plugIn(pid: number, { link, address, mac, gateway, gatewayMac }: Cable) {
    const tap = openTap(link);
    taps.push(tap);
    await start(pid, [TAP_RELAY, '3'], tap);
    const script = [
      `ip link set lo up; ip link set eth0 address ${mac} up; ip addr add ${address}/32 dev eth0`,
      `ip neigh add ${gateway} lladdr ${gatewayMac} dev eth0 nud permanent`,
      `ip route add ${gateway} dev eth0; ip route add default via ${gateway} dev eth0`,
    ];
    const { code, out } = sh(script.join(' && '), pid);
    if (code !== 0) throw new Error(out);
  }

  const lab: NetworkLab = {
    home,
    network: create([]),
    restart(members) {
      lab.network = create(members);
      return lab.network;
    },
    makeOther() {
      const other = join(folder, 'other');
      mkdirSync(other);
      return create([], other);
    },
    makeMachine,
    async join(address, member) {
      const pid = await makeMachine();
      const given = { project: 'shop', sandbox: `at-${address.split('.').at(-1)}`, network: 'nat' as const };
      const plug: Plug = kind === 'tap' ? { kind, uid: TAP_UID } : { kind: 'namespace', pid };
      await lab.network.ensure();
      const cable = await lab.network.attach({ plug, address, ...given, ...member }, signal());
      if (cable && kind === 'tap') await plugIn(pid, cable);
      return pid;
    },
    listen: (pid, ports) => lab.run(pid, LISTENER, ports.map(String)),
    run: (pid, script, args = []) => start(pid, ['-e', script, ...args]),
    async makeOutside() {
      const pid = await makeMachine();
      sh(`ip link add out type veth peer name in0 netns ${pid}; ip addr add 198.51.100.2/24 dev out`);
      sh('ip link set out up; ip route add default via 198.51.100.9');
      sh('ip addr add 198.51.100.9/24 dev in0; ip link set in0 up; ip link set lo up', pid);
      return pid;
    },
    async dispose() {
      for (const child of children.splice(0)) {
        child.kill('SIGKILL');
        await child.exited;
      }
      for (const tap of taps.splice(0)) closeSync(tap);
      await lab.network.remove(signal());
      sh('ip link del out');
      rmSync(folder, { recursive: true });
    },
  };
  return lab;
}

const LISTENER = `
  for (const port of process.argv.slice(1)) Bun.listen({ hostname: '::', port: Number(port), socket: {
    open(socket) { socket.end(socket.remoteAddress.replace('::ffff:', '')) }, data() {} } });
  console.log('ready');`;

function enter(pid: number | undefined): string[] {
  return pid === undefined ? [] : ['nsenter', `--net=/proc/${pid}/ns/net`];
}

/** A script on the host, or in a machine. */
export function sh(script: string, pid?: number): { code: number; out: string } {
  const child = Bun.spawnSync([...enter(pid), 'sh', '-c', script], { timeout: 20_000 });
  return { code: child.exitCode, out: child.stdout.toString().trim() + child.stderr.toString().trim() };
}

/**
 * What becomes of a TCP connection: the listener's answer (the client's address as it sees it), `refused`, `unreachable`,
 * or `silence` after 2 s. Only the last one took its time.
 */
export function connect(pid: number | undefined, address: string, port: number): string {
  const script = `exec 3<>/dev/tcp/${address}/${port} && timeout 2 cat <&3`;
  const child = Bun.spawnSync([...enter(pid), 'timeout', '2', 'bash', '-c', script], { timeout: 20_000 });
  const said = child.stdout.toString() + child.stderr.toString();
  if (said.includes('refused')) return 'refused';
  if (/unreachable|No route/.test(said)) return 'unreachable';
  return child.exitCode === 0 ? said.trim() || 'open' : 'silence';
}

/** Counts what reaches a machine by an nft condition from now on; the function tells how many packets did. */
export function countArrivals(pid: number, condition: string): () => number {
  const table = `table inet arrivals-${randomUUID()}`;
  sh(`nft '${table} { chain c { type filter hook prerouting priority -400; ${condition} counter; }; }'`, pid);
  return () => Number(/packets (\d+)/.exec(sh(`nft list ${table}`, pid).out)?.[1]);
}
