import type { SandboxRef } from '@cspace/protocol/names';
import { formatRef } from '@cspace/protocol/names';
import { getVmFiles } from '../../system/paths.ts';
import { readMostOpenFiles } from '../../system/process-limits.ts';
import { dialTcp } from '../dial-tcp.ts';
import { getNotThere } from '../engine-problems.ts';
import type { ImageBuilder, Probe, Substrate } from '../substrate.ts';
import { EMULATED_CAPABILITIES } from './capabilities.ts';
import { type ContextOptions, createContext } from './context.ts';
import { createMachine } from './create.ts';
import { getMachineUid } from './ids.ts';
import { createReader } from './reader.ts';
import { reapLeftovers } from './reap.ts';
import { getSshArgv, type SshMachine } from './ssh/argv.ts';
import { signalInside } from './ssh/signal.ts';
import { startMachine } from './start.ts';
import { destroyMachine, stopMachine } from './stop.ts';
import { watchMachines } from './watch.ts';

export interface QemuOptions extends ContextOptions {
  /** Of the OCI images. */
  builder: ImageBuilder;
  /** The address of a running machine; undefined where it has none. */
  addressOf: (ref: SandboxRef) => string | undefined | Promise<string | undefined>;
  probe: (signal: AbortSignal) => Promise<Probe>;
}

/** Machines as QEMU processes, each with a kernel of its own. */
export function createQemu(options: QemuOptions): Substrate {
  const { images, builder, probe } = options;
  const context = createContext(options);
  const reader = createReader(context);
  /** By sandbox, of machines that were seen: a command is asked for without waiting. */
  const seen = new Map<string, SshMachine>();
  let reaping: Promise<void> | undefined;

  /** Before anything else is done, and never at the same time. */
  async function ready(): Promise<void> {
    reaping ??= reapLeftovers(context).catch((error) => {
      reaping = undefined;
      throw error;
    });
    await reaping;
  }

  async function remember(): Promise<void> {
    for (const { id, address, spec } of await context.store.list()) {
      const folder = getVmFiles(context.store.folder, id).folder;
      if (address !== null) seen.set(formatRef(spec.ref), { folder, uid: getMachineUid(id), address });
    }
  }

  async function change<T>(work: () => Promise<T>): Promise<T> {
    await ready();
    try {
      return await work();
    } finally {
      for (const wake of context.wakers) wake();
    }
  }

  return {
    kind: 'qemu',
    // Where KVM works it takes less of everything than is declared.
    capabilities: EMULATED_CAPABILITIES,
    execEnv: {},
    probe,
    builder,
    // One descriptor of virtiofsd's for each (trap 39).
    getMostFiles: () => readMostOpenFiles(),
    hasImage: images.hasImage,
    ensureImage: images.ensureImage,
    create: (spec, signal) => change(() => createMachine(spec, signal, context)),
    start: (ref, attachNetwork, signal) =>
      change(async () => {
        const machine = await startMachine(ref, { attachNetwork, signal, context });
        await remember();
        return machine;
      }),
    stop: (ref, graceMs, signal) => change(() => stopMachine(ref, { graceMs, signal, context })),
    destroy: (ref, signal) =>
      change(() => {
        seen.delete(formatRef(ref));
        return destroyMachine(ref, signal, context);
      }),
    async inspect(ref, signal) {
      await ready();
      return reader.find(ref, signal);
    },
    async list(signal) {
      await ready();
      await remember();
      return reader.list(signal);
    },
    async watch(onEvent, signal) {
      await ready();
      // Whoever watches is there to stay: what is made in the background is made meanwhile, and given up with it.
      await Promise.all([watchMachines(onEvent, signal, { context, reader }), context.templates.run(signal)]);
    },
    execCommand(ref, argv, options) {
      const machine = seen.get(formatRef(ref));
      if (!machine) throw getNotThere(ref);
      return getSshArgv(machine, argv, options);
    },
    async signalCommand(ref, marker, signal) {
      const machine = seen.get(formatRef(ref));
      if (machine) await signalInside(machine, marker, signal);
    },
    async dial(ref, port, signal) {
      const address = await options.addressOf(ref);
      if (address === undefined) throw getNotThere(ref);
      return dialTcp({ address, port, timeoutMs: context.deadlines.dial }, signal);
    },
  };
}
