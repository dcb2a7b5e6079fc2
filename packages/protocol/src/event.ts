import { z } from 'zod';

/** No line of `events.ndjson` is longer than this, in bytes, its newline included. */
export const MAX_EVENT_BYTES = 1024 * 1024;

const Tokens = z.object({ input: z.number(), output: z.number() });

/** How a turn ended. */
export const TurnOutcome = z.enum(['completed', 'interrupted', 'failed']);
export type TurnOutcome = z.infer<typeof TurnOutcome>;

/** Every type of event with its data: a closed list, so that a reader can be complete. */
export const EVENT_DATA = {
  'supervisor.started': z.object({ version: z.string(), protocol: z.number(), pid: z.number() }),
  /** A new conversation; `practice` where the practice model answers instead of a real one. */
  'agent.started': z.object({ model: z.string().nullable(), practice: z.boolean() }),
  'agent.resumed': z.object({ model: z.string().nullable(), practice: z.boolean() }),
  /** The earlier conversation could not be continued; `from` is its session id. */
  'agent.reset': z.object({ from: z.string(), reason: z.string() }),
  'agent.exited': z.object({ reason: z.string(), expected: z.boolean() }),
  'turn.queued': z.object({ text: z.string() }),
  'turn.started': z.object({ attempt: z.number().int() }),
  'turn.text': z.object({ text: z.string() }),
  'turn.tool_call': z.object({ id: z.string(), name: z.string(), input: z.unknown() }),
  'turn.tool_result': z.object({ id: z.string(), text: z.string(), isError: z.boolean() }),
  'turn.ended': z.object({
    outcome: TurnOutcome,
    reason: z.string().optional(),
    /** What this turn cost, by list prices, in US dollars. */
    costUsd: z.number().optional(),
    tokens: Tokens.optional(),
    durationMs: z.number().optional(),
  }),
  'attach.started': z.object({}),
  'attach.ended': z.object({ reason: z.string() }),
} as const;

export type EventType = keyof typeof EVENT_DATA;
export const EVENT_TYPES = Object.keys(EVENT_DATA) as [EventType, ...EventType[]];

export const Envelope = z.object({
  v: z.literal(1),
  /** Counts from 1 without a gap within one `events.ndjson`, across restarts of the supervisor. */
  seq: z.number().int().positive(),
  /** ISO 8601, UTC, by the sandbox's clock: for people; order is by `seq`. */
  at: z.string(),
  /** The session id of Claude Code, null before there is one. */
  session: z.string().nullable(),
  /** The id of the turn it belongs to. */
  turn: z.string().optional(),
  /** The SDK's own message, as it came. */
  raw: z.unknown().optional(),
  /** Something of this event was cut to keep the line within MAX_EVENT_BYTES. */
  truncated: z.literal(true).optional(),
});
type Envelope = z.infer<typeof Envelope>;

/** One line of `events.ndjson`, told apart by `type`. */
export type SandboxEvent = {
  [T in EventType]: Envelope & { type: T; data: z.infer<(typeof EVENT_DATA)[T]> };
}[EventType];

/** Reads one line; undefined where it is not an event that we know. Never throws: the guest can forge lines. */
export function parseEvent(line: string): SandboxEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const type = (value as { type?: unknown } | null)?.type;
  if (typeof type !== 'string' || !Object.hasOwn(EVENT_DATA, type)) return undefined;
  const schema = Envelope.extend({ type: z.literal(type), data: EVENT_DATA[type as EventType] });
  const parsed = schema.safeParse(value);
  return parsed.success ? (parsed.data as SandboxEvent) : undefined;
}
