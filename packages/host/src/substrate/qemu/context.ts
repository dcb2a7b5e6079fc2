import type { SandboxRef } from '@cspace/protocol/names';
import { formatRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { createKeyedLock } from '../../system/keyed-lock.ts';
import { getVmFiles } from '../../system/paths.ts';
import type { MachineState } from '../substrate.ts';
import { getSocket } from './argv.ts';
import { DEADLINES, type Deadlines } from './deadlines.ts';
import type { VmImages } from './image/vm-image.ts';
import { connectQmp, type Qmp } from './qmp.ts';
import { type MachineRecord, openStateStore, type StateStore } from './state.ts';
import { createTemplates, NO_TEMPLATES, type Templates } from './template/templates.ts';

/** A supervisor has started by then, as a rule. */
const QUIET_MS = 10_000;

export interface ContextOptions {
  /** Whose machines they are: it names their groups of processes. */
  homeLabel: string;
  stateFolder: string;
  images: VmImages;
  /** How guests run on this host: asked at every start. */
  getAccel: (signal: AbortSignal) => Promise<'kvm' | 'tcg'>;
  deadlines?: Partial<Deadlines>;
  /** Added to the kernel's command line: for tests. */
  kernelLine?: readonly string[];
  /** Where memory templates are kept; without it there are none. */
  templates?: { store: string; quietMs?: number };
  /** Told what went wrong though nobody need mind: for a log. */
  onNote?: (text: string, facts: Record<string, string>) => void;
  /** Called at every word of a guest that starts, by its machine's id: for measurements. */
  onWord?: (id: string, word: string) => void;
}

/** Undefined while it runs; a process that a former daemon has started says nothing to us. */
export type LastWords = Partial<Record<'qemu' | 'share', () => string | undefined>>;

/** What the verbs share. */
export interface Context {
  homeLabel: string;
  store: StateStore;
  images: VmImages;
  getAccel: ContextOptions['getAccel'];
  deadlines: Deadlines;
  kernelLine: readonly string[];
  templates: Templates;
  onWord: NonNullable<ContextOptions['onWord']>;
  onNote: NonNullable<ContextOptions['onNote']>;
  /** Does the work alone with this machine; `shown` is what others see of it meanwhile, where it is not its record's state. */
  change<T>(ref: SandboxRef, signal: AbortSignal, work: () => Promise<T>, shown?: MachineState): Promise<T>;
  /** Whether somebody changes it just now; what is to be shown of it then. */
  getChange(ref: SandboxRef): { shown: MachineState | undefined } | undefined;
  /** Works with QEMU's monitor, over the connection that is kept or one for this alone. */
  withMonitor<T>(record: MachineRecord, signal: AbortSignal, work: (qmp: Qmp) => Promise<T>): Promise<T>;
  /** Connections of those who watch, by machine id. */
  kept: Map<string, Promise<Qmp>>;
  /** What processes that we have started said before they ended, in words; by machine id. */
  lastWords: Map<string, LastWords>;
  /** Those who watch: called when a machine was changed by us. */
  wakers: Set<() => void>;
}

export function createContext(options: ContextOptions): Context {
  const store = openStateStore(options.stateFolder);
  const deadlines = { ...DEADLINES, ...options.deadlines };
  const locks = createKeyedLock();
  const changes = new Map<string, { shown: MachineState | undefined }>();
  const kept = new Map<string, Promise<Qmp>>();
  const kernelLine = options.kernelLine ?? [];
  const onNote = options.onNote ?? (() => undefined);
  return {
    homeLabel: options.homeLabel,
    store,
    images: options.images,
    getAccel: options.getAccel,
    deadlines,
    kernelLine,
    templates: options.templates
      ? createTemplates({
          ...{ quietMs: QUIET_MS, ...options.templates },
          context: { store, deadlines, kernelLine },
          isBusy: () => changes.size > 0,
          onNote,
        })
      : NO_TEMPLATES,
    onWord: options.onWord ?? (() => undefined),
    onNote,
    kept,
    lastWords: new Map(),
    wakers: new Set(),
    getChange: (ref) => changes.get(formatRef(ref)),
    async change(ref, signal, work, shown) {
      const key = formatRef(ref);
      const release = await locks.acquire(key, signal).catch(() => throwInterrupted());
      changes.set(key, { shown });
      try {
        return await work();
      } finally {
        changes.delete(key);
        release();
      }
    },
    async withMonitor(record, signal, work) {
      const open = await kept.get(record.id)?.catch(() => undefined);
      if (open?.isOpen()) return work(open);
      const qmp = await connectMonitor(record.id, { signal, store, deadlines });
      try {
        return await work(qmp);
      } finally {
        qmp.close();
      }
    },
  };
}

interface ConnectOptions {
  signal: AbortSignal;
  store: StateStore;
  deadlines: Deadlines;
  onEvent?: Parameters<typeof connectQmp>[0]['onEvent'];
}

export function connectMonitor(id: string, options: ConnectOptions): Promise<Qmp> {
  const { signal, store, deadlines, onEvent } = options;
  const path = getSocket(getVmFiles(store.folder, id).sockets, 'qmp');
  const events = onEvent === undefined ? {} : { onEvent };
  return connectQmp({ path, timeoutMs: deadlines.monitor, ...events }, signal);
}

export function throwInterrupted(): never {
  throw new ProblemError({ code: 'interrupted', message: 'interrupted while the machine was being changed' });
}
