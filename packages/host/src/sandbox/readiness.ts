import { ProblemError } from '@cspace/protocol/problem';
import type { Health } from '@cspace/protocol/supervisor-api';
import type { Machine } from '../substrate/substrate.ts';
import { hintNoRoute } from '../system/mac-route.ts';
import type { SupervisorClient } from './supervisor-client.ts';

export interface ReadinessOptions {
  client: Pick<SupervisorClient, 'getHealth'>;
  /** The machine as it is now; undefined where it is gone. */
  inspect(signal: AbortSignal): Promise<Machine | undefined>;
  /** What the machine wrote on its console, the last lines. */
  readConsole(): Promise<string>;
  timeoutMs: number;
  signal: AbortSignal;
}

/** A try that hangs (no answer to a SYN yet) must not cost the next ones: short, and often. */
const TRY_TIMEOUT_MS = 250;
const PAUSE_MS = 15;
/** Asking the engine costs a process: now and then is enough to see that the machine died. */
const INSPECT_EVERY_MS = 500;

/**
 * Waits until the supervisor says that it is there, raced against the machine's exit. Throws `machine-failed` when the
 * machine ended or the time is over.
 */
export async function waitForSupervisor(options: ReadinessOptions): Promise<Health> {
  const start = performance.now();
  let inspectAt = start + INSPECT_EVERY_MS;
  let last = 'no answer';
  while (performance.now() - start < options.timeoutMs) {
    options.signal.throwIfAborted();
    try {
      return await options.client.getHealth({ signal: options.signal, timeoutMs: TRY_TIMEOUT_MS });
    } catch (error) {
      options.signal.throwIfAborted();
      last = error instanceof ProblemError ? (error.problem.why ?? error.message) : String(error);
    }
    if (performance.now() >= inspectAt) {
      await throwIfExited(options);
      inspectAt = performance.now() + INSPECT_EVERY_MS;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  await throwIfExited(options);
  throw failed(
    `no healthy supervisor within ${options.timeoutMs / 1000} s`,
    `${last}${hintNoRoute(last)}`,
    await options.readConsole(),
  );
}

async function throwIfExited(options: ReadinessOptions): Promise<void> {
  const machine = await options.inspect(options.signal);
  if (machine?.state === 'running') return;
  const how = machine ? `it exited with ${machine.exitCode ?? 'an unknown code'}` : 'it is gone';
  const cause = machine?.outOfMemory ? 'out of memory' : machine?.reason;
  const why = cause === undefined ? how : `${how}: ${cause}`;
  throw failed('the machine ended before its supervisor was ready', why, await options.readConsole());
}

function failed(message: string, why: string, console: string): ProblemError {
  const lines = console.trim() === '' ? '' : `\nits console said:\n${console.trim()}`;
  return new ProblemError({ code: 'machine-failed', message, why: `${why}${lines}`, fix: 'cspace doctor' });
}
