import { z } from 'zod';

/** The API's own limit for `POST /v1/messages` (error `request_too_large`). */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

const ContentBlock = z.looseObject({ type: z.string() });
export type ContentBlock = z.infer<typeof ContentBlock>;

const Message = z.looseObject({
  /** Newer models get `system` messages between the others (claude-agent-sdk 0.3). */
  role: z.enum(['user', 'assistant', 'system']),
  content: z.union([z.string(), z.array(ContentBlock)]),
});
export type Message = z.infer<typeof Message>;

/** What of a request the practice model reads; the rest is let pass. */
export const MessagesRequest = z.looseObject({
  model: z.string().min(1),
  messages: z.array(Message).min(1),
  stream: z.boolean().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
});
export type MessagesRequest = z.infer<typeof MessagesRequest>;

export type Parsed =
  | { ok: true; request: MessagesRequest }
  | { ok: false; status: 400 | 413; message: string };

/**
 * Reads the text of a request's body; undefined where it is longer than `maxBytes`, of which no more is kept in memory.
 * A body that breaks off reads as far as it came.
 */
export async function readBody(request: Request, maxBytes = MAX_BODY_BYTES): Promise<string | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return undefined;
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of request.body ?? []) {
      size += part.byteLength;
      if (size > maxBytes) return undefined;
      parts.push(part);
    }
  } catch {
    // The client went away: whatever is answered, nobody reads it.
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Checks a body as the API does: the first mistake, named by its path. Undefined is one that was too long. */
export function parseMessagesRequest(text: string | undefined): Parsed {
  if (text === undefined) return { ok: false, status: 413, message: 'Request exceeds the maximum size' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, status: 400, message: 'The request body is not valid JSON' };
  }
  const parsed = MessagesRequest.safeParse(value);
  if (parsed.success) return { ok: true, request: parsed.data };
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') || 'body';
  return { ok: false, status: 400, message: `${path.slice(0, 200)}: ${issue?.message ?? 'invalid'}` };
}
