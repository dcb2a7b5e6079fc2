import { pause } from '../../system/abort.ts';
import { getChanges } from '../changes.ts';
import type { Machine, MachineEvent } from '../substrate.ts';
import { getEventsArgv } from './argv.ts';
import type { Engine } from './engine.ts';
import { parseEvent } from './parse.ts';

export interface WatchOptions {
  engine: Engine;
  homeLabel: string;
  list: (signal: AbortSignal) => Promise<Machine[]>;
  /** How long one stream is read before it is opened anew: a silent one may be a dead one. */
  streamMs?: number;
  /** How often the machines are read besides, for what the stream did not tell. */
  checkMs?: number;
  /** First pause after a stream that ended by itself; doubled up to 16 times as long. */
  pauseMs?: number;
}

const DEFAULTS = { streamMs: 10 * 60_000, checkMs: 30_000, pauseMs: 250 };
const MAX_PAUSE_FACTOR = 16;

/**
 * Tells of changes until the signal, and never rejects. The engine's events come first; every time its stream ends,
 * and now and then, the machines are read and compared, so that an event that never came is told all the same.
 */
export async function watchMachines(
  onEvent: (event: MachineEvent) => void,
  signal: AbortSignal,
  options: WatchOptions,
): Promise<void> {
  const settings = { ...DEFAULTS, ...options };
  let known: Map<string, Machine> | undefined;
  const check = async () => {
    const machines = await options.list(signal).catch(() => undefined);
    if (!machines || signal.aborted) return;
    const now = new Map(machines.map((machine) => [machine.id, machine]));
    if (known) for (const event of getChanges(known, now)) onEvent(event);
    known = now;
  };
  await check();
  const timer = setInterval(() => void check(), settings.checkMs);
  try {
    let pauseMs = settings.pauseMs;
    while (!signal.aborted) {
      const startedAt = performance.now();
      await readStream(onEvent, signal, settings);
      if (signal.aborted) return;
      await check();
      const lasted = performance.now() - startedAt > settings.pauseMs * MAX_PAUSE_FACTOR;
      pauseMs = lasted ? settings.pauseMs : Math.min(pauseMs * 2, settings.pauseMs * MAX_PAUSE_FACTOR);
      await pause(pauseMs, signal);
    }
  } finally {
    clearInterval(timer);
  }
}

async function readStream(
  onEvent: (event: MachineEvent) => void,
  signal: AbortSignal,
  { engine, homeLabel, streamMs }: WatchOptions & typeof DEFAULTS,
): Promise<void> {
  const onLine = (line: string) => {
    const event = parseEvent(line, homeLabel);
    if (event) onEvent(event);
  };
  // With a parent that is killed the stream would stay: the kernel takes it along.
  const argv = ['setpriv', '--pdeathsig', 'KILL', ...getEventsArgv(homeLabel)];
  await engine.run(argv, { timeoutMs: streamMs, signal, onLine, keepOutput: false }).catch(() => undefined);
}
