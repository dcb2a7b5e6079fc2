import { z } from 'zod';
import { parseLabels } from '../labels.ts';
import type { Machine, MachineEvent, MachineState } from '../substrate.ts';

/** `podman ps --format json`, the fields we read; podman(1) prints more. */
const ListEntry = z.object({
  Id: z.string(),
  Names: z.array(z.string()).nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  State: z.string(),
  Pid: z.number().int(),
  ExitCode: z.number().int(),
  /** Seconds since 1970; the zero of Go's calendar, long before, where it never ran. */
  StartedAt: z.number(),
  /** Seconds since 1970. */
  Created: z.number(),
});

/** `podman inspect`: what `ps` does not tell. */
const InspectEntry = z.object({
  Id: z.string(),
  State: z.object({ OOMKilled: z.boolean(), FinishedAt: z.string() }),
});

const Event = z.object({
  Status: z.string(),
  Attributes: z.record(z.string(), z.string()).nullish(),
});

/** The machines of ours in what `podman ps` printed. Throws where it is something else. */
export function parseList(text: string, homeLabel: string): Machine[] {
  return z
    .array(ListEntry)
    .parse(parseJson(text))
    .flatMap((entry) => {
      const ref = parseLabels(entry.Labels ?? {}, homeLabel);
      if (!ref) return [];
      const state = parseState(entry.State);
      return [
        {
          ref,
          state,
          id: entry.Id,
          pid: entry.Pid > 0 ? entry.Pid : null,
          exitCode: state === 'exited' ? entry.ExitCode : null,
          outOfMemory: false,
          startedAt: entry.StartedAt > 0 ? new Date(entry.StartedAt * 1000).toISOString() : null,
        },
      ];
    });
}

/** Who has a machine's name, whether it is ours or not. */
export interface Holder {
  id: string;
  labels: Record<string, string>;
  /** Known to the image store only: a `create` that did not come to its end. */
  storageOnly: boolean;
  createdAtMs: number;
}

/** Who has exactly this name in what `podman ps --all --external` printed. Throws where it is something else. */
export function parseHolder(text: string, name: string): Holder | undefined {
  const entry = z
    .array(ListEntry)
    .parse(parseJson(text))
    .find((candidate) => candidate.Names?.includes(name));
  if (!entry) return undefined;
  return {
    id: entry.Id,
    labels: entry.Labels ?? {},
    storageOnly: entry.State.toLowerCase() === 'storage',
    createdAtMs: entry.Created * 1000,
  };
}

/** How a machine ended, as far as only `podman inspect` tells. */
export interface Ending {
  outOfMemory: boolean;
  finishedAtMs: number;
}

/** By the engine's ids. Throws where the text is something else. */
export function parseEndings(text: string): Map<string, Ending> {
  const entries = z.array(InspectEntry).parse(parseJson(text));
  return new Map(
    entries.map(({ Id, State }) => [
      Id,
      { outOfMemory: State.OOMKilled, finishedAtMs: Date.parse(State.FinishedAt) },
    ]),
  );
}

const STATES: Readonly<Record<string, MachineState>> = {
  created: 'created',
  configured: 'created',
  initialized: 'created',
  running: 'running',
  paused: 'running',
  stopping: 'stopping',
};

/** What is neither made, running nor ending has ended, whatever the engine calls it. */
function parseState(state: string): MachineState {
  return STATES[state.toLowerCase()] ?? 'exited';
}

const EVENT_TYPES: Readonly<Record<string, MachineEvent['type']>> = {
  start: 'started',
  died: 'exited',
  remove: 'removed',
};

/** One line of `podman events`; undefined where it says nothing to us. */
export function parseEvent(line: string, homeLabel: string): MachineEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const event = Event.safeParse(value);
  if (!event.success) return undefined;
  const type = EVENT_TYPES[event.data.Status];
  const ref = parseLabels(event.data.Attributes ?? {}, homeLabel);
  return type && ref ? { ref, type } : undefined;
}

function parseJson(text: string): unknown {
  return text.trim() === '' ? [] : JSON.parse(text);
}
