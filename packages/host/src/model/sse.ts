import type { AnswerBlock, StopReason } from './answer.ts';

/** One server-sent event of the Messages API; `data.type` repeats the event's name. */
export interface StreamEvent {
  event: string;
  data: Record<string, unknown>;
}

export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
}

/** A whole message as `POST /v1/messages` answers it without `stream`. */
export interface ApiMessage {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: ApiBlock[];
  stop_reason: StopReason;
  stop_sequence: null;
  usage: Usage;
}

export type ApiBlock =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown> };

/** Gives a block the fields that only the wire has; `seed` and the index make its id. */
export function toApiBlock(block: AnswerBlock, seed: string, index: number): ApiBlock {
  if (block.type === 'tool_use') return { ...block, id: `toolu_${seed}${String(index).padStart(2, '0')}` };
  if (block.type === 'thinking') return { ...block, signature: Buffer.from(seed).toString('base64') };
  return block;
}

/** What is in one delta: 400 characters, or a word. */
export type Cut = 'chunks' | 'words';
const CHUNK_CHARS = 400;

/** The message as the API streams it: start, ping, blocks with their deltas, the stop reason with the usage, stop. */
export function getEvents(message: ApiMessage, cut: Cut): StreamEvent[] {
  const start = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } };
  const delta = { stop_reason: message.stop_reason, stop_sequence: null };
  return [
    toEvent('message_start', { message: start }),
    toEvent('ping', {}),
    ...message.content.flatMap((block, index) => getBlockEvents(block, index, cut)),
    toEvent('message_delta', { delta, usage: { output_tokens: message.usage.output_tokens } }),
    toEvent('message_stop', {}),
  ];
}

function getBlockEvents(block: ApiBlock, index: number, cut: Cut): StreamEvent[] {
  const deltas = getDeltas(block, cut);
  return [
    toEvent('content_block_start', { index, content_block: getEmpty(block) }),
    ...deltas.map((delta) => toEvent('content_block_delta', { index, delta })),
    toEvent('content_block_stop', { index }),
  ];
}

function getEmpty(block: ApiBlock): Record<string, unknown> {
  if (block.type === 'text') return { type: 'text', text: '' };
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' };
  return { ...block, input: {} };
}

function getDeltas(block: ApiBlock, cut: Cut): Record<string, unknown>[] {
  if (block.type === 'text') {
    return getParts(block.text, cut).map((text) => ({ type: 'text_delta', text }));
  }
  if (block.type === 'tool_use') {
    const json = getParts(JSON.stringify(block.input), cut);
    return json.map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  }
  const thinking = getParts(block.thinking, cut).map((text) => ({
    type: 'thinking_delta',
    thinking: text,
  }));
  return [...thinking, { type: 'signature_delta', signature: block.signature }];
}

function getParts(text: string, cut: Cut): string[] {
  return cut === 'words' ? text.split(/(?<= )/) : getChunks(text);
}

/** Cuts at code points, not in the middle of a surrogate pair. */
function getChunks(text: string): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + CHUNK_CHARS, text.length);
    const code = text.charCodeAt(end - 1);
    if (end < text.length && code >= 0xd800 && code <= 0xdbff) end += 1;
    chunks.push(text.slice(at, end));
    at = end;
  }
  return chunks;
}

export function toEvent(type: string, data: Record<string, unknown>): StreamEvent {
  return { event: type, data: { type, ...data } };
}

/** The event as it goes over the wire. */
export function encodeEvent({ event, data }: StreamEvent): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
