import type { Duplex } from 'node:stream';
import type { SandboxRef } from '@cspace/protocol/names';
import type { Limits, NetworkMode, SubstrateKind } from '@cspace/protocol/sandbox';
import type { Owner } from '../system/owner.ts';

/** What a substrate can do: differences are data, never a question after its kind. */
export interface Capabilities {
  /** Hosts it can run on. */
  hosts: readonly HostKind[];
  /** What stands between the guest and the host's kernel; a microVM has a kernel of its own. */
  isolation: 'microvm' | 'container';
  /** What runs the guest's instructions: the CPU as for any process, the CPU's own virtualisation, or a program. */
  cpu: 'host' | 'virtualised' | 'emulated';
  /** What the host sees of a machine's memory: that of processes, or a guest's that is given back, or kept, when idle. */
  memory: 'processes' | 'given back' | 'kept';
  /** Host folders can be bound in. */
  sharedFolders: boolean;
  /** By what they are. */
  sharedBy: 'bind mount' | 'virtiofs';
  /** What a machine writes outside of shared folders cannot fill the host's disk. */
  boundedDisk: boolean;
  /** What carries `exec` and `shell`. */
  exec: 'engine' | 'ssh';
  /** A supervisor that is not healthy by then is not coming any more. */
  readyTimeoutMs: number;
  /** The machine has an address that the host can route to. */
  routableAddress: boolean;
  /**
   * The host attaches the network itself (our bridge), between `create` and `start`. Else a machine brings along one that
   * the host's system gives it, and an address that is another one after each start.
   */
  hostNetwork: boolean;
  /** The host name is that of the sandbox, by whoever sets it; else it is the machine's. */
  setsHostname: boolean;
  /** The guest's root cannot change the settings of `sysctls`; in a kernel of its own it can. */
  fixedSysctls: boolean;
  /** `limits.cpus` may be a fraction; else the next whole number is given. */
  fractionalCpus: boolean;
}

/** `process.platform` and `process.arch`. */
export type HostKind = `${'linux' | 'darwin'}/${'x64' | 'arm64'}`;

/** What the host's system gave a machine, of IPv4: `192.168.64.3`, its gateway, and `192.168.64.0/24`. */
export interface OwnNetwork {
  address: string;
  gateway: string;
  subnet: string;
}

/**
 * Where a machine's cable ends: in a network namespace, by a process that has it, or in a tap device that the user `uid`
 * may open.
 */
export type CablePlug = { kind: 'namespace'; pid: number } | { kind: 'tap'; uid: number };

/** `own`: it needs no cable, and this is its network. */
export type Plug = CablePlug | { kind: 'own'; network: OwnNetwork };

/** What a machine without a namespace on the host has to set up by itself. IPv4; hardware addresses as `02:00:…`. */
export interface Cable {
  /** The host's interface. */
  link: string;
  address: string;
  mac: string;
  gateway: string;
  gatewayMac: string;
}

/** Undefined where the machine needs no cable. */
export type AttachNetwork = (plug: Plug) => Promise<Cable | undefined>;

/** A thing this host lacks or has, in words; `fix` is a command. */
export interface ProbeFinding {
  ok: boolean;
  what: string;
  why?: string;
  fix?: string;
  /** Debian packages that would mend it. */
  packages?: string[];
  /** Good to have, or to know: machines run without it. */
  optional?: boolean;
}

export interface Probe {
  /** Every finding that is required holds. */
  usable: boolean;
  version: string | null;
  /** Whether the CPU itself runs the guests, and no program: `untried` where nobody could try it yet. */
  native: 'yes' | 'no' | 'untried';
  findings: ProbeFinding[];
}

export interface Mount {
  /** Absolute path of a folder on the host. */
  source: string;
  target: string;
  readOnly: boolean;
}

export interface MachineSpec {
  ref: SandboxRef;
  /** Identifies CSPACE_HOME; goes on everything we make as a label. */
  homeLabel: string;
  image: string;
  /** Files of the guest's `dev` belong to this user on the host. */
  owner: Owner;
  mounts: Mount[];
  /**
   * Absolute paths inside, of folders that are on the machine's own disk, whatever is mounted around them: empty at
   * first, `dev`'s, gone with the machine. Where one lies in a mount, the folder to mount on is there, and the owner's.
   */
  volumes: readonly string[];
  /** Where machines bring their network along, whether it leads to more than the host. */
  network: NetworkMode;
  limits: Limits;
  /** Kernel settings of the machine's own network, by their dotted names. */
  sysctls: Record<string, string>;
  /** Not secret: secrets go in a mounted file. */
  env: Record<string, string>;
  /** A host folder for what the machine needs while it exists: console log and such. */
  folder: string;
}

export type MachineState = 'created' | 'running' | 'stopping' | 'exited';

export interface Machine {
  ref: SandboxRef;
  state: MachineState;
  /** The engine's own id of it: another one after it was made again. */
  id: string;
  /** Its first process on the host while it runs or is initialised, where the substrate has one. */
  pid: number | null;
  exitCode: number | null;
  /** The kernel ended it for want of memory. */
  outOfMemory: boolean;
  startedAt: string | null;
  /** While it runs, where it has one of its own. */
  network?: OwnNetwork;
  /** Where it runs, and guests can be: it was not booted, but taken from a memory template. */
  restored?: boolean;
  /** Why it ended, in words, where its exit code does not say that. */
  reason?: string;
}

/** A machine changed; read its state anew, the event may be late. */
export interface MachineEvent {
  ref: SandboxRef;
  type: 'started' | 'exited' | 'removed';
}

export interface ExecOptions {
  tty: boolean;
  user: 'dev' | 'root';
  cwd: string;
  env: Record<string, string>;
}

export interface BuildContext {
  /** The image's tag, by the hash of its content. */
  tag: string;
  /** A second tag for the same image, taken from whatever had it. */
  alias?: string;
  /** A real path (no symbolic link in it) with Dockerfile and all that it copies. */
  folder: string;
  buildArgs: Record<string, string>;
  /** Build it again though it is there, and all that is made of it. */
  refresh?: boolean;
  onLine: (line: string) => void;
  signal: AbortSignal;
}

/** Builds and keeps OCI images. */
export interface ImageBuilder {
  hasImage(tag: string, signal: AbortSignal): Promise<boolean>;
  ensureImage(context: BuildContext): Promise<void>;
}

/** What microVMs boot before the image's own files are there, as sources; its Dockerfile is at the top. */
export interface KitSource {
  /** Another one for any change. */
  hash: string;
  /** Writes it below an existing folder. */
  write(folder: string): Promise<void>;
}

/**
 * A way to run machines. Every method that waits takes a signal and has a deadline of its own; failures are thrown as
 * ProblemError, "not there" is undefined. Only what carries our home's label is ever seen or removed.
 */
export interface Substrate {
  readonly kind: SubstrateKind;
  readonly capabilities: Capabilities;
  /** Never throws: says what is missing and how to mend it. */
  probe(signal: AbortSignal): Promise<Probe>;
  /** Builds the OCI images that machines are made from; itself, where machines start from those as they are. */
  readonly builder: ImageBuilder;
  /** Whether a machine can be made from the image as things are. */
  hasImage(tag: string, signal: AbortSignal): Promise<boolean>;
  /** Builds the image where the builder lacks it, and makes of it what machines start from. */
  ensureImage(context: BuildContext): Promise<void>;
  /** How many files of its mounts a machine can have in use at one time; left out where nothing bounds that. */
  getMostFiles?(): Promise<number>;
  /** Makes the machine, not yet running; the same one again where it exists. Undoes itself on failure. */
  create(spec: MachineSpec, signal: AbortSignal): Promise<Machine>;
  /** Starts a created machine; nothing where it runs. `attachNetwork` is called before its first process. */
  start(ref: SandboxRef, attachNetwork: AttachNetwork, signal: AbortSignal): Promise<Machine>;
  /** Asks the machine to end and forces it after `graceMs`; nothing where it does not run. */
  stop(ref: SandboxRef, graceMs: number, signal: AbortSignal): Promise<void>;
  /** Removes the machine, running or not; resolves where it is gone already. */
  destroy(ref: SandboxRef, signal: AbortSignal): Promise<void>;
  inspect(ref: SandboxRef, signal: AbortSignal): Promise<Machine | undefined>;
  list(signal: AbortSignal): Promise<Machine[]>;
  /** Events until the signal; reconnects by itself where the engine's stream ends. */
  watch(onEvent: (event: MachineEvent) => void, signal: AbortSignal): Promise<void>;
  /** The argv to spawn for a command inside. */
  execCommand(ref: SandboxRef, argv: readonly string[], options: ExecOptions): string[];
  /**
   * Signals all that carries this value of EXEC_MARKER in the machine: killing the argv above leaves what it started alive.
   * Nothing where there is nothing, or no machine that could be asked.
   */
  signalCommand(ref: SandboxRef, marker: string, signal: NodeJS.Signals): Promise<void>;
  /** The last lines of what the machine printed; left out where they stand in its folder, `console.log`. */
  readConsole?(ref: SandboxRef): Promise<string>;
  /** Environment that argv wants (the engine's configuration); never secret. */
  readonly execEnv: Record<string, string>;
  /** A stream to a TCP port of the machine. */
  dial(ref: SandboxRef, port: number, signal: AbortSignal): Promise<Duplex>;
}
