import { join } from 'node:path';
import type { SandboxRef } from '@cspace/protocol/names';

/**
 * Every file and folder that cspace keeps on the host; ARCHITECTURE.md lists the same ones. `home` is CSPACE_HOME, an
 * absolute path.
 */
export function getPaths(home: string) {
  const of = (folder: string, ref: SandboxRef, ...rest: string[]) =>
    join(home, folder, ref.project, ref.sandbox, ...rest);
  return {
    home,
    socket: join(home, 'daemon.sock'),
    daemonLock: join(home, 'daemon.lock'),
    daemonLog: join(home, 'daemon.log'),
    config: join(home, 'config.json'),
    secrets: join(home, 'secrets.env'),
    /** What programs of the host show to the daemon's HTTP service on 127.0.0.1. */
    httpToken: join(home, 'http.token'),
    registry: join(home, 'registry'),
    cache: join(home, 'cache'),
    /** What the host's own ssh needs to reach sandboxes: a key pair and its configuration, made when they are asked for. */
    ssh: join(home, 'ssh'),
    record: (ref: SandboxRef) => join(home, 'registry', ref.project, `${ref.sandbox}.json`),
    journal: (ref: SandboxRef) => join(home, 'journal', ref.project, `${ref.sandbox}.ndjson`),
    machine: (ref: SandboxRef) => of('machines', ref),
    /** Bound at /run/cspace, read-only: secrets.env, sandbox.json, resolv.conf, upstream.conf, hosts. */
    machineRun: (ref: SandboxRef) => of('machines', ref, 'run'),
    clone: (ref: SandboxRef) => of('clones', ref),
    /** A clone being made; renamed to `clone` when whole. */
    partialClone: (ref: SandboxRef) => join(home, 'clones', ref.project, `.${ref.sandbox}.partial`),
    session: (ref: SandboxRef) => of('sessions', ref),
    events: (ref: SandboxRef) => of('sessions', ref, 'events.ndjson'),
    transcripts: (ref: SandboxRef) => of('sessions', ref, 'claude'),
  };
}
/**
 * What podman is told about this host, and the runtime it calls: root runs them, so they stand where only root writes.
 * Not in the home, but named after it; gone with the network.
 */
export const getEngineFolder = (homeLabel: string): string => join('/run/cspace', homeLabel);

/** What is kept of microVMs while they are there, a folder each: gone with a restart of the host, as they are. */
export const getVmStateFolder = (homeLabel: string): string => join(getEngineFolder(homeLabel), 'vm');

/** In the state folder of one microVM. */
export function getVmFiles(stateFolder: string, id: string) {
  const folder = join(stateFolder, id);
  return {
    folder,
    /** What is known of it. Written last: without it there is no machine. */
    state: join(folder, 'machine.json'),
    /** `qmp`, `control` and `fs`; the machine's own user's. */
    sockets: join(folder, 'sock'),
    /** Where its folders are put together, which only their server sees. */
    share: join(folder, 'share'),
  };
}

/** Kernels, root file systems and empty disks of microVMs, shared by all homes: root's, readable by all, nothing secret. */
export const getVmStore = (override?: string): string => override ?? '/var/lib/cspace/vm';

/** What the ssh client of one machine needs, below the machine's state folder. Of it only `mux` is the machine's to write. */
export function getSshPaths(folder: string) {
  const of = (name: string) => join(folder, 'ssh', name);
  return {
    folder: of(''),
    config: of('config'),
    /** The client's key, by which the guest knows the daemon. */
    key: of('id'),
    /** The guest's own key; the host keeps it for the next start. */
    hostKey: of('host_key'),
    knownHosts: of('known_hosts'),
    /** Stands in for /etc/passwd, where the client runs. */
    passwd: of('passwd'),
    mux: of('mux'),
    /** The kept connection. */
    socket: of('mux/at'),
    /** Of the process that has it. */
    pidfile: of('mux/pid'),
    /** Held by whoever makes it. */
    lock: of('mux/lock'),
  };
}

/**
 * In a machine's own folder, of one that Apple's `container` runs: what the host says to its first program, and what that
 * says to the host. What is below `words` the guest can have forged.
 */
export function getFirstProgramFiles(folder: string) {
  const [orders, words] = [join(folder, 'orders'), join(folder, 'words')];
  return {
    orders,
    words,
    /** There from the moment on that the image's own program may run; gone before each start. */
    go: join(orders, 'go'),
    /** How that program ended: its exit code, and `oom` where the kernel ended it for want of memory. */
    ended: join(words, 'ended'),
  };
}

/** Of the host itself, all homes together. */
export const HOST_FILES = {
  /** Which home's names the host resolves, and how: only root writes it, since the daemon acts on it as root. */
  resolverRecord: '/etc/cspace/resolver.json',
  hosts: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
  nsswitch: '/etc/nsswitch.conf',
  /** Of macOS: a file for each domain that is asked elsewhere. */
  macResolvers: '/etc/resolver',
  /** Our file in the folder of the host's dnsmasq. */
  dnsmasqDropIn: 'cspace.conf',
  dnsmasqScript: '/etc/init.d/dnsmasq',
  /** There while systemd-resolved runs. */
  resolvedSocket: '/run/systemd/resolve/io.systemd.Resolve',
} as const;

export type Paths = ReturnType<typeof getPaths>;

/** Where things stand inside a sandbox. */
export const GUEST = {
  workspace: '/workspace',
  sessions: '/sessions',
  transcripts: '/home/dev/.claude/projects/-workspace',
  run: '/run/cspace',
  secrets: '/run/cspace/secrets.env',
  /** Where `orders` and `words` are, in machines of Apple's `container`. */
  orders: '/run/cspace-orders',
  words: '/run/cspace-words',
  /** Which sandbox this is, and where its daemon answers; in no other place than a sandbox. */
  sandboxFile: 'sandbox.json',
  /** What the sandbox shows to the daemon's HTTP service on the gateway. */
  apiToken: 'api.token',
} as const;
