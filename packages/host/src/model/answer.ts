import type { ApiError } from './api-error.ts';

/** A part of a message, before it has an id. */
export type AnswerBlock =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string }
  | { type: 'tool_use'; name: string; input: Record<string, unknown> };

export type StopReason = 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal';

/** How a stream goes out; nothing given means at once and whole. Only scripts give anything. */
export interface Delivery {
  /** Before the response's headers. */
  headersAfterMs?: number;
  /** Before each delta. */
  deltaEveryMs?: number;
  /** After so many deltas the stream goes quiet for `stallMs`, then goes on. */
  stallAfterDeltas?: number;
  stallMs?: number;
  /** After so many deltas the body ends, without the events that end a message. */
  cutAfterDeltas?: number;
  /** After so many deltas comes an `error` event, and nothing else. */
  errorAfterDeltas?: number;
}

/** What the model decided to answer, as data. */
export type Answer =
  | { kind: 'message'; blocks: AnswerBlock[]; stopReason: StopReason; delivery?: Delivery }
  | { kind: 'error'; error: ApiError };

/** A message that ends the turn with words. */
export function sayText(text: string, delivery?: Delivery): Answer {
  const blocks: AnswerBlock[] = [{ type: 'text', text }];
  return { kind: 'message', blocks, stopReason: 'end_turn', ...(delivery ? { delivery } : {}) };
}

/** A message that asks the client to use tools, all at once, with words before it where given. */
export function useTools(tools: { name: string; input: Record<string, unknown> }[], text?: string): Answer {
  const calls = tools.map((tool): AnswerBlock => ({ type: 'tool_use', ...tool }));
  const blocks: AnswerBlock[] = text === undefined ? calls : [{ type: 'text', text }, ...calls];
  return { kind: 'message', blocks, stopReason: 'tool_use' };
}
