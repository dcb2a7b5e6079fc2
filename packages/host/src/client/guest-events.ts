import { parseEvent, type SandboxEvent } from '@cspace/protocol/event';
import type { SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { type Endpoint, requestLines } from './http.ts';
import { getPath, type SessionEvents } from './sandbox-api.ts';

export interface GuestEventsOptions {
  /** Throws what a daemon that cannot be reached means inside. */
  ask<T>(work: (endpoint: Endpoint) => Promise<T>): Promise<T>;
  ref: SandboxRef;
  signal: AbortSignal;
}

/** A daemon that is replaced is back within seconds; one that a host's reboot took is not. */
const GIVE_UP_MS = 60_000;
const PAUSE_MS = 500;

/** Events by way of the daemon; a stream that it ends, because it leaves, is gone on with at the next daemon. */
export function createGuestEvents({ ask, ref, signal }: GuestEventsOptions): SessionEvents {
  const open = (query: string, until: AbortSignal) =>
    ask((at) => requestLines(at, `${getPath(ref)}/events?${query}`, { signal: until }));

  async function* follow(first: AsyncIterable<string>, until: AbortSignal): AsyncGenerator<SandboxEvent> {
    let lines: AsyncIterable<string> | undefined = first;
    let last = 0;
    while (!until.aborted) {
      lines ??= await reopen(() => open(`follow=1&after=${last}`, until), until);
      try {
        for await (const line of lines ?? []) {
          const event = parseEvent(line);
          if (!event || until.aborted) continue;
          last = Math.max(last, event.seq);
          yield event;
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
      lines = undefined;
    }
  }

  return {
    async *read({ follow: goesOn, signal: until }) {
      const lines = await open(goesOn ? 'follow=1' : '', until);
      if (goesOn) return yield* follow(lines, until);
      for await (const line of lines) {
        const event = parseEvent(line);
        if (event) yield event;
      }
    },
    async tail() {
      const stop = new AbortController();
      const lines = await open('follow=1&after=end', AbortSignal.any([signal, stop.signal]));
      return (until) => {
        until.addEventListener('abort', () => stop.abort(), { once: true });
        return follow(lines, until);
      };
    },
  };
}

/** Undefined where it was given up by the signal. Throws `daemon-unreachable` after a minute. */
async function reopen<T>(work: () => Promise<T>, until: AbortSignal): Promise<T | undefined> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (!until.aborted) {
    try {
      return await work();
    } catch (error) {
      if (until.aborted) return undefined;
      if (!isPassing(error) || performance.now() > deadline) throw error;
      await Bun.sleep(PAUSE_MS);
    }
  }
  return undefined;
}

const isPassing = (error: unknown): boolean =>
  error instanceof ProblemError && ['daemon-unreachable', 'interrupted'].includes(error.problem.code);
