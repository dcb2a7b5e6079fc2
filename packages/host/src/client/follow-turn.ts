import type { SandboxEvent } from '@cspace/protocol/event';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxApi } from './sandbox-api.ts';

export interface FollowOptions {
  ref: SandboxRef;
  turn: string;
  /** From `tail` of the sandbox's events, called before the turn was sent. */
  events(signal: AbortSignal): AsyncIterable<SandboxEvent>;
  client: Pick<SandboxApi, 'get'>;
  onEvent: (event: SandboxEvent) => void;
  signal: AbortSignal;
}

/** A sandbox that ended writes no end of its turn: it is asked for this often. */
const CHECK_MS = 3000;

type TurnEnd = Extract<SandboxEvent, { type: 'turn.ended' }>['data'];

/**
 * Hands out the events of one turn until its end, which it returns. Throws `sandbox-not-running` where the sandbox ends
 * before the turn does, and `interrupted` for the signal; the turn itself goes on then.
 */
export async function followTurn(options: FollowOptions): Promise<TurnEnd> {
  const { ref, turn, onEvent, signal } = options;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const watched = watchSandbox(options, stop);
  try {
    for await (const event of options.events(either)) {
      if (event.turn !== turn) continue;
      onEvent(event);
      if (event.type === 'turn.ended') return event.data;
    }
  } finally {
    stop.abort();
  }
  if (signal.aborted) {
    throw new ProblemError({
      code: 'interrupted',
      message: 'stopped following; the turn goes on',
      fix: `cspace interrupt ${formatRef(ref)}`,
    });
  }
  throw (await watched) ?? new ProblemError({ code: 'failed', message: 'the events ended before the turn' });
}

/** Ends `stop` and returns why, when the sandbox is found not to be able to end the turn, twice in a row. */
async function watchSandbox(
  { ref, client }: FollowOptions,
  stop: AbortController,
): Promise<ProblemError | undefined> {
  let last: ProblemError | undefined;
  while (!stop.signal.aborted) {
    await sleep(CHECK_MS, stop.signal);
    if (stop.signal.aborted) break;
    const found = await findObstacle(ref, client);
    if (found && last) {
      stop.abort();
      return found;
    }
    last = found;
  }
  return undefined;
}

async function findObstacle(
  ref: SandboxRef,
  client: FollowOptions['client'],
): Promise<ProblemError | undefined> {
  let status: Awaited<ReturnType<SandboxApi['get']>>;
  try {
    status = await client.get(ref);
  } catch (error) {
    // A daemon that is being replaced is no reason; a sandbox that is gone is.
    return error instanceof ProblemError && error.problem.code === 'sandbox-not-found' ? error : undefined;
  }
  const name = formatRef(ref);
  if (status.state === 'running' && status.supervisor?.state !== 'failed') return undefined;
  const why = status.supervisor?.reason ?? status.reason;
  return new ProblemError({
    code: 'sandbox-not-running',
    message:
      status.state === 'running'
        ? `the agent of ${name} gave up`
        : `${name} is ${status.state}; the turn has not ended`,
    ...(why === undefined ? {} : { why }),
    fix: `cspace down ${name} && cspace up ${name}`,
  });
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
