import { getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { createKeyedLock } from '../../system/keyed-lock.ts';
import { EXEC_MARKER } from '../../system/marked-processes.ts';
import { dialTcp } from '../dial-tcp.ts';
import { getNotThere } from '../engine-problems.ts';
import { getSignalArgv } from '../guest-signal.ts';
import type { ImageBuilder, Probe, Substrate } from '../substrate.ts';
import { getExecArgv, getLogsArgv } from './argv.ts';
import { APPLE_CAPABILITIES } from './capabilities.ts';
import type { Context } from './context.ts';
import { createMachine } from './create.ts';
import { DEADLINES, type Deadlines } from './deadlines.ts';
import { createEngine } from './engine.ts';
import { buildImage, getImageProgram } from './image.ts';
import { createReader } from './reader.ts';
import { startMachine } from './start.ts';
import { destroyMachine, stopMachine } from './stop.ts';
import { watchMachines } from './watch.ts';

export interface AppleOptions {
  /** Only machines with this label are seen or touched. */
  homeLabel: string;
  /** The address of a running machine, for `dial`; undefined where it has none. */
  addressOf: (ref: SandboxRef) => string | undefined | Promise<string | undefined>;
  probe: (signal: AbortSignal) => Promise<Probe>;
  /** PATH to find `container` on. */
  path?: string | undefined;
  deadlines?: Partial<Deadlines>;
}

/** A guest that does not answer is not asked again: its machine can be stopped. */
const SIGNAL_TIMEOUT_MS = 10_000;
const CONSOLE_LINES = 40;

/** Machines by Apple's `container`: a microVM each, with a network that macOS gives it. */
export function createApple(options: AppleOptions): Substrate {
  const { homeLabel, probe, addressOf } = options;
  const engine = createEngine(options.path);
  const deadlines = { ...DEADLINES, ...options.deadlines };
  const reader = createReader(engine, homeLabel, deadlines);
  const context: Context = { engine, reader, deadlines, homeLabel, locks: createKeyedLock() };
  const builder: ImageBuilder = {
    hasImage: async (tag, signal) => (await getImageProgram(tag, signal, context)) !== undefined,
    ensureImage: (build) => buildImage(build, context),
  };
  return {
    kind: 'apple',
    capabilities: APPLE_CAPABILITIES,
    execEnv: engine.env,
    probe,
    builder,
    ...builder,
    create: (spec, signal) => createMachine(spec, signal, context),
    start: (ref, attachNetwork, signal) => startMachine(ref, { attachNetwork, signal, context }),
    stop: (ref, graceMs, signal) => stopMachine(ref, { graceMs, signal, context }),
    destroy: (ref, signal) => destroyMachine(ref, { signal, context }),
    inspect: reader.find,
    list: reader.list,
    watch: (onEvent, signal) => watchMachines(onEvent, signal, { list: reader.list }),
    execCommand: getExecArgv,
    async signalCommand(ref, marker, signal) {
      const argv = getSignalArgv(`${EXEC_MARKER}=${marker}`, signal);
      const command = getExecArgv(ref, argv, { tty: false, user: 'root', cwd: '/', env: {} });
      await engine.run(command, { timeoutMs: SIGNAL_TIMEOUT_MS });
    },
    async readConsole(ref) {
      const argv = getLogsArgv(getMachineName(ref), CONSOLE_LINES);
      const { stdout } = await engine.run(argv, { timeoutMs: deadlines.query });
      return stdout;
    },
    async dial(ref, port, signal) {
      const address = await addressOf(ref);
      if (address === undefined) throw getNotThere(ref);
      return dialTcp({ address, port, timeoutMs: deadlines.dial }, signal);
    },
  };
}
