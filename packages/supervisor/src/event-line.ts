import { type EVENT_DATA, type EventType, MAX_EVENT_BYTES, type SandboxEvent } from '@cspace/protocol/event';
import type { z } from 'zod';

/** An event before it has its number. */
export type NewEvent = {
  [T in EventType]: {
    type: T;
    data: z.infer<(typeof EVENT_DATA)[T]>;
    session: string | null;
    turn?: string;
    raw?: unknown;
  };
}[EventType];

/** What a cut text keeps: one of a thousand events may be as large, so this is far below the line's limit. */
const CUT_BYTES = 64 * 1024;

/**
 * One line of `events.ndjson`, newline included, at most `maxBytes` long: where it would be longer the raw message goes
 * first, then long texts are cut, and `truncated` says so. The fields stand in a fixed order: history.ts reads the first
 * ones without parsing the rest.
 */
export function getEventLine(event: NewEvent, seq: number, at: string, maxBytes = MAX_EVENT_BYTES): Buffer {
  const { type, session, turn, data, raw } = event;
  const head = { v: 1, seq, at, session, type, ...(turn === undefined ? {} : { turn }) };
  const whole = toLine({ ...head, data, ...(raw === undefined ? {} : { raw }) });
  if (whole.length <= maxBytes) return whole;
  const bare = toLine({ ...head, data, truncated: true });
  if (bare.length <= maxBytes) return bare;
  const cut = toLine({ ...head, data: cutData(data), truncated: true });
  return cut.length <= maxBytes ? cut : toLine({ ...head, data: dropInput(cutData(data)), truncated: true });
}

/** Whether an event goes on a line uncut. */
export function fitsUncut(event: NewEvent): boolean {
  // The longest number and date that its place can hold.
  const at = new Date(0).toISOString();
  return !getEventLine(event, Number.MAX_SAFE_INTEGER, at).includes('"truncated":true}\n');
}

const toLine = (value: Record<string, unknown> | Partial<SandboxEvent>) =>
  Buffer.from(`${JSON.stringify(value)}\n`);

function cutData(data: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      typeof value === 'string' ? value.slice(0, CUT_BYTES) : value,
    ]),
  );
}

/** A tool's input is of any shape: what is too long goes as a whole. */
function dropInput(data: Record<string, unknown>): Record<string, unknown> {
  return 'input' in data ? { ...data, input: null } : data;
}
