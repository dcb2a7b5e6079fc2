import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Delivery } from './answer.ts';
import { type ApiError, getErrorBody } from './api-error.ts';
import { getTurns } from './conversation.ts';
import { getReply } from './reply.ts';
import { type MessagesRequest, parseMessagesRequest, readBody } from './request.ts';
import { createScripts, type Scripts } from './scripts.ts';
import { type ApiMessage, getEvents, toApiBlock } from './sse.ts';
import { createEventStream } from './stream.ts';

export interface PracticeModelOptions {
  /** Where `write FILE:` puts a relative FILE; /workspace by default. */
  workspace?: string;
  /** Understand `script:` prompts too, which misbehave on purpose: for tests only. */
  scripts?: boolean;
}

export type PracticeModel = (request: Request) => Promise<Response>;

/** The name under which `GET /v1/models` lists it; it answers to every other name as well. */
export const PRACTICE_MODEL = 'cspace-practice';

/**
 * A Messages API that needs no account: `POST /v1/messages` (streamed or not), `POST /v1/messages/count_tokens`,
 * `GET /v1/models`, `/api/hello`. Paths begin at `/v1`; whoever mounts it strips its prefix and checks the caller.
 * Stateless: the conversation is read from each request. Never throws.
 */
export function createPracticeModel(options: PracticeModelOptions = {}): PracticeModel {
  const { workspace = '/workspace' } = options;
  const scripts = options.scripts ? createScripts() : undefined;
  return async (request) => {
    const { pathname } = new URL(request.url);
    const route = `${request.method} ${pathname}`;
    if (route === 'POST /v1/messages') return answerMessages(request, { workspace, scripts });
    if (route === 'POST /v1/messages/count_tokens') return answerCount(request);
    if (route === 'GET /v1/models') return Response.json(getModels());
    if (pathname === '/api/hello') return Response.json({ message: 'hello' });
    return toErrorResponse({ status: 404, message: `Not found: ${route}` }, getSeed(route));
  };
}

async function answerMessages(
  request: Request,
  { workspace, scripts }: { workspace: string; scripts: Scripts | undefined },
): Promise<Response> {
  const body = await readBody(request).catch(() => '');
  const seed = getSeed(body ?? '');
  const parsed = parseBody(body);
  if (!parsed.ok) return toErrorResponse(parsed, seed);
  const turns = getTurns(parsed.request.messages);
  const tools = (parsed.request.tools ?? []).map((tool) => tool.name);
  const session = request.headers.get('x-claude-code-session-id') ?? '';
  const answer =
    scripts?.(turns, { request: parsed.request, session }) ?? getReply(turns, { tools, workspace });
  if (answer.kind === 'error') return toErrorResponse(answer.error, seed);
  await waitForHeaders(answer.delivery, request.signal);
  return toResponse(answer, parsed.request, seed);
}

async function answerCount(request: Request): Promise<Response> {
  const body = await readBody(request).catch(() => '');
  const parsed = parseBody(body);
  if (!parsed.ok) return toErrorResponse(parsed, getSeed(body ?? ''));
  return Response.json({ input_tokens: countTokens(parsed.request) });
}

function parseBody(body: string | undefined) {
  if (body !== undefined) return parseMessagesRequest(body);
  return { ok: false as const, status: 413 as const, message: 'Request exceeds the maximum size' };
}

function toResponse(answer: Answer & { kind: 'message' }, request: MessagesRequest, seed: string): Response {
  const content = answer.blocks.map((block, index) => toApiBlock(block, seed, index));
  const message: ApiMessage = {
    id: `msg_${seed}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: answer.stopReason,
    stop_sequence: null,
    usage: {
      input_tokens: countTokens(request),
      output_tokens: countTokens(content),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  };
  const headers = { 'request-id': `req_${seed}` };
  if (request.stream !== true) return Response.json(message, { headers });
  const events = getEvents(message, answer.delivery?.deltaEveryMs ? 8 : 400);
  return new Response(createEventStream(events, answer.delivery), {
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
  });
}

async function waitForHeaders(delivery: Delivery | undefined, signal: AbortSignal): Promise<void> {
  if (!delivery?.headersAfterMs) return;
  await delay(delivery.headersAfterMs, undefined, { signal }).catch(() => undefined);
}

function toErrorResponse(error: ApiError, seed: string): Response {
  const requestId = `req_${seed}`;
  const headers = new Headers({ 'request-id': requestId });
  if (error.retryAfterSeconds !== undefined) headers.set('retry-after', String(error.retryAfterSeconds));
  return Response.json(getErrorBody(error, requestId), { status: error.status, headers });
}

function getModels() {
  const id = PRACTICE_MODEL;
  const data = [
    { type: 'model', id, display_name: 'Practice model of cspace', created_at: '2026-01-01T00:00:00Z' },
  ];
  return { data, has_more: false, first_id: id, last_id: id };
}

/** The usual rough measure: four characters a token. */
const countTokens = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4);

/** Ids follow from the request, so that the same request has the same answer, byte for byte. */
const getSeed = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 22);
