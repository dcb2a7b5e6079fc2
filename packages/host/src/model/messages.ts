import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import { getSeed, toErrorResponse } from './api-error.ts';
import { getTurns } from './conversation.ts';
import { getReply } from './reply.ts';
import { parseMessagesRequest, readBody } from './request.ts';
import type { Scripts } from './scripts.ts';
import { type ApiMessage, getEvents, toApiBlock } from './sse.ts';
import { createEventStream } from './stream.ts';

export interface ModelContext {
  /** Absolute path in the guest. */
  workspace: string;
  /** Undefined: `script:` prompts are words like any other, and no tokens are counted. */
  scripts: Scripts | undefined;
}

/** `POST /v1/messages`: a message, a stream of its events, or a refusal in the API's shape. */
export async function answerMessages(request: Request, context: ModelContext): Promise<Response> {
  const body = await readBody(request);
  const parsed = parseMessagesRequest(body);
  const seed = getSeed(body ?? '');
  if (!parsed.ok) return toErrorResponse(parsed, seed);
  const turns = getTurns(parsed.request.messages);
  const session = request.headers.get('x-claude-code-session-id') ?? '';
  const answer =
    context.scripts?.(turns, { request: parsed.request, session }) ??
    getReply(turns, {
      tools: (parsed.request.tools ?? []).map((tool) => tool.name),
      workspace: context.workspace,
    });
  if (answer.kind === 'error') return toErrorResponse(answer.error, seed);
  const { headersAfterMs = 0 } = answer.delivery ?? {};
  if (headersAfterMs > 0)
    await delay(headersAfterMs, undefined, { signal: request.signal }).catch(() => undefined);
  // No tokens are used, and Claude Code makes a price of those that are reported: a practice turn costs nothing.
  const inputTokens = context.scripts ? countTokens(body ?? '') : 0;
  const message = getMessage(answer, { seed, model: parsed.request.model, inputTokens });
  return toResponse(message, answer, parsed.request.stream === true);
}

/** `POST /v1/messages/count_tokens`. */
export async function answerCount(request: Request): Promise<Response> {
  const body = await readBody(request);
  const parsed = parseMessagesRequest(body);
  if (!parsed.ok) return toErrorResponse(parsed, getSeed(body ?? ''));
  return Response.json({ input_tokens: countTokens(body ?? '') });
}

type MessageAnswer = Answer & { kind: 'message' };

function getMessage(
  answer: MessageAnswer,
  { seed, model, inputTokens }: { seed: string; model: string; inputTokens: number },
): ApiMessage {
  const content = answer.blocks.map((block, index) => toApiBlock(block, seed, index));
  return {
    id: `msg_${seed}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: answer.stopReason,
    stop_sequence: null,
    usage: {
      input_tokens: inputTokens,
      output_tokens: inputTokens === 0 ? 0 : countTokens(JSON.stringify(content)),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  };
}

function toResponse(message: ApiMessage, { delivery }: MessageAnswer, isStream: boolean): Response {
  const headers = { 'request-id': message.id.replace('msg', 'req') };
  if (!isStream) return Response.json(message, { headers });
  const events = getEvents(message, delivery?.deltaEveryMs ? 'words' : 'chunks');
  return new Response(createEventStream(events, delivery), {
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  });
}

/** The usual rough measure: four characters a token. */
const countTokens = (text: string) => Math.ceil(text.length / 4);
