import type { TurnOutcome } from '@cspace/protocol/event';
import { z } from 'zod';
import type { NewEvent } from './event-line.ts';

/** How the agent says that a turn ended. */
export interface TurnEnd {
  outcome: TurnOutcome;
  reason?: string;
  costUsd?: number;
  tokens?: { input: number; output: number };
  durationMs?: number;
}

/** What a message says about turns, besides what was said in it. */
export type Signal =
  /** A run of the agent begins, with or without a turn of ours. */
  | { type: 'run' }
  /** Which turns the agent is answering. */
  | { type: 'answering'; turns: string[] }
  /** The end of a run. `unprompted`: a background task's, not of a turn. */
  | { type: 'result'; turns: string[]; unprompted: boolean; end: TurnEnd }
  /** What became of a turn that was handed over. */
  | { type: 'turn'; turn: string; state: 'started' | 'completed' | 'cancelled' }
  /** The model's API is in trouble; the agent tries again by itself. */
  | { type: 'retry'; reason: string };

/** An event still without session and turn. */
export type Said =
  Extract<NewEvent, { type: 'turn.text' | 'turn.tool_call' | 'turn.tool_result' }> extends infer E
    ? E extends NewEvent
      ? Pick<E, 'type' | 'data' | 'raw'>
      : never
    : never;

export interface Translated {
  session?: string;
  signals: Signal[];
  said: Said[];
}

const Usage = z.record(
  z.string(),
  z.looseObject({
    inputTokens: z.number().catch(0),
    outputTokens: z.number().catch(0),
    cacheReadInputTokens: z.number().catch(0),
    cacheCreationInputTokens: z.number().catch(0),
    costUSD: z.number().catch(0),
  }),
);
/** The parts we read; each may be absent: Claude Code changes from version to version. */
const Message = z.looseObject({
  type: z.string(),
  subtype: z.string().optional().catch(undefined),
  session_id: z.string().min(1).optional().catch(undefined),
  message: z.looseObject({ content: z.unknown() }).optional().catch(undefined),
  parent_tool_use_id: z.string().nullish().catch(undefined),
  user_message_uuid: z.string().optional().catch(undefined),
  user_message_uuids: z.array(z.string()).optional().catch(undefined),
  isReplay: z.boolean().optional().catch(undefined),
  command_uuid: z.string().optional().catch(undefined),
  state: z.string().optional().catch(undefined),
  is_error: z.boolean().optional().catch(undefined),
  result: z.string().optional().catch(undefined),
  errors: z.array(z.string()).optional().catch(undefined),
  terminal_reason: z.string().optional().catch(undefined),
  duration_ms: z.number().optional().catch(undefined),
  origin: z.looseObject({ kind: z.string() }).optional().catch(undefined),
  model_usage_since_last_result: Usage.optional().catch(undefined),
  error_status: z.number().nullish().catch(undefined),
  attempt: z.number().optional().catch(undefined),
  max_retries: z.number().optional().catch(undefined),
});
type Message = z.infer<typeof Message>;

/** One message of the SDK in cspace's words. Never throws; of what we do not know nothing remains. */
export function translate(raw: unknown): Translated {
  const parsed = Message.safeParse(raw);
  if (!parsed.success) return { signals: [], said: [] };
  const message = parsed.data;
  return {
    ...(message.session_id ? { session: message.session_id } : {}),
    signals: getSignals(message),
    said: getSaid(message, raw),
  };
}

function getSignals(message: Message): Signal[] {
  const { type, subtype } = message;
  const turns = message.user_message_uuids ?? (message.user_message_uuid ? [message.user_message_uuid] : []);
  if (type === 'system' && subtype === 'init') return [{ type: 'run' }];
  if (type === 'system' && subtype === 'api_retry') return [{ type: 'retry', reason: getRetry(message) }];
  if (type === 'assistant' && turns.length > 0) return [{ type: 'answering', turns }];
  if (type === 'result') {
    // Claude Code leaves `origin` out of what a person asked for.
    const unprompted = turns.length === 0 && message.origin !== undefined && message.origin.kind !== 'human';
    return [{ type: 'result', turns, unprompted, end: getEnd(message) }];
  }
  if (type === 'command_lifecycle' && message.command_uuid !== undefined) {
    const { state } = message;
    if (state === 'started' || state === 'completed' || state === 'cancelled') {
      return [{ type: 'turn', turn: message.command_uuid, state }];
    }
  }
  return [];
}

function getSaid(message: Message, raw: unknown): Said[] {
  const content = message.message?.content;
  if (!Array.isArray(content) || (message.type !== 'assistant' && message.type !== 'user')) return [];
  const said = content.flatMap((block) => getBlock(block, message));
  // The raw message goes with the first event only: it holds all of them.
  return said.map((each, index) => (index === 0 ? { ...each, raw } : each));
}

function getBlock(block: unknown, message: Message): Said[] {
  const { type, text, id, name, input, tool_use_id, content, is_error } = (block ?? {}) as Record<
    string,
    unknown
  >;
  if (message.type === 'assistant') {
    // What a subagent says is between it and the agent; what it does is to be seen.
    if (type === 'text' && typeof text === 'string' && text !== '' && !message.parent_tool_use_id) {
      return [{ type: 'turn.text', data: { text } }];
    }
    if (type === 'tool_use') {
      return [{ type: 'turn.tool_call', data: { id: String(id), name: String(name), input: input ?? null } }];
    }
    return [];
  }
  if (type !== 'tool_result') return [];
  const data = { id: String(tool_use_id), text: getText(content), isError: is_error === true };
  return [{ type: 'turn.tool_result', data }];
}

/** A tool's result is a text or blocks of which some are texts. */
function getText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block: { type?: unknown; text?: unknown } | null) =>
      typeof block?.text === 'string' ? block.text : `[${String(block?.type ?? 'unknown')}]`,
    )
    .join('\n');
}

/**
 * An API failure comes as `subtype: success` with `is_error`, an interrupt as an error, and a turn pushed aside as a
 * success with an aborted reason: so the reason is read first and the subtype never.
 */
function getEnd(message: Message): TurnEnd {
  const aborted = message.terminal_reason?.startsWith('aborted') === true;
  const outcome = aborted ? 'interrupted' : message.is_error ? 'failed' : 'completed';
  const reason = message.errors?.join('; ') || message.result || message.subtype || 'no reason given';
  return {
    outcome,
    ...(outcome === 'failed' ? { reason } : {}),
    ...getUsage(message.model_usage_since_last_result),
    ...(message.duration_ms === undefined ? {} : { durationMs: message.duration_ms }),
  };
}

/**
 * Of this turn alone: `total_cost_usd` counts from the conversation's begin, and `usage` leaves subagents out. Tokens read
 * from or written to the cache are input too.
 */
function getUsage(usage: z.infer<typeof Usage> | undefined): Pick<TurnEnd, 'costUsd' | 'tokens'> {
  if (!usage) return {};
  const models = Object.values(usage);
  const sum = (pick: (model: (typeof models)[number]) => number) =>
    models.reduce((total, model) => total + pick(model), 0);
  return {
    costUsd: sum((model) => model.costUSD),
    tokens: {
      input: sum((model) => model.inputTokens + model.cacheReadInputTokens + model.cacheCreationInputTokens),
      output: sum((model) => model.outputTokens),
    },
  };
}

function getRetry(message: Message): string {
  const what = message.error_status ? `status ${message.error_status}` : 'no connection';
  return `the model's API: ${what}, attempt ${message.attempt ?? '?'} of ${message.max_retries ?? '?'}`;
}
