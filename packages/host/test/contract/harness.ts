import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxRef } from '@cspace/protocol/names';
import type {
  Cable,
  ExecOptions,
  Machine,
  MachineSpec,
  MachineState,
  Plug,
  Substrate,
} from '../../src/substrate/substrate.ts';
import type { Owner } from '../../src/system/owner.ts';

/** An implementation to be tried. */
export interface Fixture {
  substrate: Substrate;
  homeLabel: string;
  /** Its first program is `sh /workspace/boot`, and it has a user dev (1000). */
  image: string;
  /** An empty folder for the machines’ files, which `dispose` removes. */
  folder: string;
  /** How much longer than a container everything may take: more than 1 under emulation. */
  slowness: number;
  /** Processor time that a running machine has used, in seconds, as the host counts it. */
  getCpuSeconds(machine: Machine): number | Promise<number>;
  /** Gives the machine its address; nothing where the substrate does not want that. */
  attach(ref: SandboxRef, plug: Plug): Promise<Cable | undefined>;
  /** After a machine is gone. */
  detach(ref: SandboxRef): Promise<void>;
  dispose(): Promise<void>;
}

export interface ExecResult {
  code: number;
  stdout: string;
  stderr: string;
}

type Exec = Partial<ExecOptions> & { input?: string };

const PROJECT = 'contract';
const { uid = 0, gid = 0 } = { uid: process.getuid?.(), gid: process.getgid?.() };
/** Somebody else than who runs the tests, where that is root; files cannot be given away otherwise. */
const OWNER: Owner = uid === 0 ? { uid: 1501, gid: 1501 } : { uid, gid };
const TIMEOUT_MS = 45_000;
const WAIT_MS = 20_000;

export type Harness = ReturnType<typeof createHarness>;

/** What the tests are written in: machines by name, each with a boot script and folders of its own. */
export function createHarness(fixture: Fixture) {
  const { substrate, folder, slowness } = fixture;
  const timeout = TIMEOUT_MS * slowness;
  const signal = () => AbortSignal.timeout(timeout);
  const ref = (sandbox: string): SandboxRef => ({ project: PROJECT, sandbox });
  const folders = new Map<string, string>();
  const workspace = (sandbox: string) => join(folders.get(sandbox) ?? folder, 'clone');
  const runFolder = (sandbox: string) => join(folders.get(sandbox) ?? folder, 'run');

  /** `name` is that of the folder as well. */
  function spec(name: string, boot: string, change: Partial<MachineSpec> = {}): MachineSpec {
    const own = join(folder, name);
    const owner = change.owner ?? OWNER;
    const sandbox = change.ref?.sandbox ?? name;
    folders.set(sandbox, own);
    for (const path of [own, join(own, 'clone'), join(own, 'run'), join(own, 'machine')])
      mkdirSync(path, { recursive: true });
    writeFileSync(join(own, 'clone/boot'), `${boot}\n`);
    for (const path of ['clone', 'clone/boot', 'run']) chownSync(join(own, path), owner.uid, owner.gid);
    return {
      ref: ref(sandbox),
      homeLabel: fixture.homeLabel,
      image: fixture.image,
      mounts: [
        { source: join(own, 'clone'), target: '/workspace', readOnly: false },
        { source: join(own, 'run'), target: '/run/cspace', readOnly: true },
      ],
      volumes: [],
      network: 'nat',
      limits: { cpus: 1, memoryMiB: 256, pids: 128 },
      sysctls: {},
      env: {},
      folder: join(own, 'machine'),
      ...change,
      owner,
    };
  }

  const start = (name: string) =>
    substrate.start(ref(name), (plug) => fixture.attach(ref(name), plug), signal());

  async function boot(what: string | MachineSpec, script = ''): Promise<Machine> {
    const made = typeof what === 'string' ? spec(what, script) : what;
    await substrate.create(made, signal());
    return start(made.ref.sandbox);
  }

  function getArgv(name: string, argv: readonly string[], options: Exec, tty: boolean): string[] {
    const { user = 'root', cwd = '/', env = {} } = options;
    return substrate.execCommand(ref(name), argv, { tty, user, cwd, env });
  }

  async function exec(name: string, argv: readonly string[], options: Exec = {}): Promise<ExecResult> {
    const child = Bun.spawn(getArgv(name, argv, options, false), {
      env: substrate.execEnv,
      stdin: new TextEncoder().encode(options.input ?? ''),
      stdout: 'pipe',
      stderr: 'pipe',
      timeout,
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  /** Its exit code, on a pseudo-terminal. */
  function execOnTerminal(name: string, argv: readonly string[]): Promise<number> {
    const child = Bun.spawn(getArgv(name, argv, {}, true), {
      env: substrate.execEnv,
      terminal: { cols: 80, rows: 24, data: () => undefined },
      timeout,
    });
    return child.exited;
  }

  async function waitFor(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + WAIT_MS * slowness;
    while (
      !(await Promise.resolve()
        .then(check)
        .catch(() => false))
    ) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
      await Bun.sleep(50);
    }
  }

  async function waitForState(name: string, state: MachineState): Promise<Machine | undefined> {
    let machine: Machine | undefined;
    await waitFor(`${name} is ${state}`, async () => {
      machine = await substrate.inspect(ref(name), signal());
      return machine?.state === state;
    });
    return machine;
  }

  /** What a port of the machine sends until it closes. */
  async function readAll(name: string, port: number): Promise<string> {
    const stream = await substrate.dial(ref(name), port, signal());
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  }

  /** Processor time that the machine uses in the next `ms`, in seconds. */
  async function measureCpuSeconds(name: string, ms: number): Promise<number> {
    const machine = await substrate.inspect(ref(name), signal());
    if (!machine) throw new Error(`${name} is not there`);
    const before = await fixture.getCpuSeconds(machine);
    await Bun.sleep(ms);
    return (await fixture.getCpuSeconds(machine)) - before;
  }

  async function clear(): Promise<void> {
    for (const machine of await substrate.list(signal())) {
      await substrate.destroy(machine.ref, signal());
      await fixture.detach(machine.ref);
    }
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  }

  return {
    substrate,
    homeLabel: fixture.homeLabel,
    image: fixture.image,
    folder,
    slowness,
    signal,
    ref,
    spec,
    workspace,
    runFolder,
    start,
    boot,
    exec,
    execOnTerminal,
    waitFor,
    waitForState,
    readAll,
    measureCpuSeconds,
    clear,
    attach: fixture.attach,
    /** What it printed, as the host kept it. */
    readConsole: (name: string) =>
      readFileSync(join(folders.get(name) ?? folder, 'machine/console.log'), 'utf8'),
    read: (name: string, file: string) => readFileSync(join(workspace(name), file), 'utf8'),
    giveToOwner: (path: string) => chownSync(path, OWNER.uid, OWNER.gid),
    giveTo: (owner: Owner, name: string, file: string) =>
      chownSync(join(workspace(name), file), owner.uid, owner.gid),
    async dispose() {
      await clear();
      await fixture.dispose();
    },
  };
}
