import type { SandboxRef } from '@cspace/protocol/names';
import { EXEC_MARKER, signalMarked } from '../../system/marked-processes.ts';
import type { Owner } from '../../system/owner.ts';
import { dialTcp } from '../dial-tcp.ts';
import { getNotThere } from '../engine-problems.ts';
import type { ImageBuilder, Substrate } from '../substrate.ts';
import { getExecArgv, getImageExistsArgv } from './argv.ts';
import { buildImage } from './build.ts';
import { PODMAN_CAPABILITIES } from './capabilities.ts';
import { DEADLINES, type Deadlines } from './deadlines.ts';
import { createEngine, type Engine } from './engine.ts';
import type { HostFacts } from './facts.ts';
import { getEngineProblem } from './failure.ts';
import { createVerbs } from './lifecycle.ts';
import { probePodman } from './probe.ts';
import { createReader } from './reader.ts';
import { watchMachines } from './watch.ts';

export interface PodmanOptions {
  /** Podman's configuration for this host is written there, and the runtime that root calls: only root may write in it. */
  folder: string;
  owner: Owner;
  /** Only machines with this label are seen or touched. */
  homeLabel: string;
  /** The address of a running machine, for `dial`; undefined where it has none. */
  addressOf: (ref: SandboxRef) => string | undefined | Promise<string | undefined>;
  /** PATH to find podman on. */
  path?: string;
  deadlines?: Partial<Deadlines>;
  getFacts?: () => Promise<HostFacts>;
}

export interface Podman extends Substrate {
  /** Runs a program with podman's configuration for this host in its environment. */
  run: Engine['run'];
}

/** Machines as podman containers, each in a user namespace and with a network that the host attaches itself. */
export function createPodman(options: PodmanOptions): Podman {
  const engine = createEngine(options);
  const deadlines = { ...DEADLINES, ...options.deadlines };
  const reader = createReader(engine, options.homeLabel, deadlines);
  const builder: ImageBuilder = {
    async hasImage(tag, signal) {
      const result = await engine.run(getImageExistsArgv(tag), { timeoutMs: deadlines.query, signal });
      // podman-image-exists(1): 0 it does, 1 it does not, anything else is a failure.
      if (result.ok) return true;
      if (result.exitCode === 1) return false;
      throw getEngineProblem(`look for the image ${tag}`, result);
    },
    ensureImage: (context) => buildImage(engine, context, deadlines.build),
  };
  return {
    kind: 'podman',
    capabilities: PODMAN_CAPABILITIES,
    execEnv: engine.env,
    probe: (signal) => probePodman(engine.env.PATH, signal),
    run: engine.run,
    builder,
    ...builder,
    ...createVerbs({ engine, reader, deadlines, remembered: new Map() }),
    inspect: reader.find,
    list: reader.list,
    watch: (onEvent, signal) =>
      watchMachines(onEvent, signal, { engine, homeLabel: options.homeLabel, list: reader.list }),
    execCommand: getExecArgv,
    // What runs in a container is a process of the host's as well.
    async signalCommand(_, marker, signal) {
      await signalMarked(EXEC_MARKER, marker, signal);
    },
    async dial(ref, port, signal) {
      const address = await options.addressOf(ref);
      if (address === undefined) throw getNotThere(ref);
      return dialTcp({ address, port, timeoutMs: deadlines.dial }, signal);
    },
  };
}
