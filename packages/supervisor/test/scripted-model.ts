/**
 * A Messages API of a few words, on loopback, for driving the real Claude Code in tests. What the last prompt says is
 * what it does: `say X` · `run CMD` (Bash, then its output) · `bg CMD` (Bash in the background) · `slow N` (N words, ten a
 * second) · `hang` (a stream that stalls) · `status N` (an HTTP error) · `history` (quotes every prompt it was sent).
 */
export interface ScriptedModel {
  url: string;
  /** Every body of `POST /v1/messages`, in order. */
  requests: MessagesRequest[];
  stop(): void;
}

type Block = { type: string; text?: string; content?: unknown; tool_use_id?: string };
interface MessagesRequest {
  stream?: boolean;
  system?: unknown;
  messages: { role: string; content: string | Block[] }[];
}
type Reply = { text: string; delayMs?: number } | { bash: Record<string, unknown> } | { hang: true };

/** Starts it on a free port of 127.0.0.1; `stop` cuts every open stream. */
export function startScriptedModel(): ScriptedModel {
  const requests: MessagesRequest[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      if (request.method !== 'POST' || !new URL(request.url).pathname.endsWith('/v1/messages')) {
        return new Response('{}', { status: 404 });
      }
      const body = (await request.json()) as MessagesRequest;
      requests.push(body);
      return answer(body);
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, requests, stop: () => void server.stop(true) };
}

function answer(body: MessagesRequest): Response {
  const prompts = getPrompts(body);
  const prompt = prompts.at(-1) ?? '';
  const [verb = '', rest = ''] = split(prompt);
  if (verb === 'status') {
    const error = { type: 'api_error', message: `scripted ${rest}` };
    return Response.json({ type: 'error', error }, { status: Number(rest) });
  }
  const result = getToolResult(body);
  if (result !== undefined) return stream({ text: `result: ${result}` });
  if (verb === 'run') return stream({ bash: { command: rest } });
  if (verb === 'bg') return stream({ bash: { command: rest, run_in_background: true } });
  if (verb === 'slow') return stream({ text: 'word '.repeat(Number(rest)), delayMs: 100 });
  if (verb === 'hang') return stream({ hang: true });
  if (verb === 'history') return stream({ text: prompts.join(' | ') });
  return stream({ text: verb === 'say' ? rest : `heard: ${prompt}` });
}

const split = (text: string) => [text.split(' ', 1)[0], text.slice(text.indexOf(' ') + 1)];

/** The texts that a person wrote: Claude Code puts reminders of its own beside them. */
function getPrompts(body: MessagesRequest): string[] {
  return body.messages
    .filter((message) => message.role === 'user')
    .flatMap((message) =>
      typeof message.content === 'string'
        ? [message.content]
        : message.content.flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : [])),
    )
    .map((text) => text.trim())
    .filter((text) => text !== '' && !text.startsWith('<'));
}

/** The text of a tool's result, where the last message is one. */
function getToolResult(body: MessagesRequest): string | undefined {
  const last = body.messages.filter((message) => message.role !== 'system').at(-1);
  if (!last || typeof last.content === 'string') return undefined;
  const block = last.content.find((each) => each.type === 'tool_result');
  if (!block || last.content.some((each) => each.type === 'text' && !each.text?.startsWith('<'))) {
    return undefined;
  }
  const parts = Array.isArray(block.content) ? (block.content as Block[]) : [{ text: String(block.content) }];
  return parts
    .map((part) => part.text?.replace(/<system-reminder>[\s\S]*<\/system-reminder>/g, '').trim())
    .join('');
}

/** The reply as server-sent events, in the order that the API sends them. */
function stream(reply: Reply): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (type: string, data: object) => {
        try {
          controller.enqueue(
            encoder.encode(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`),
          );
        } catch {
          // The client has gone.
        }
      };
      const usage = { input_tokens: 10, output_tokens: 1 };
      const message = { id: `msg_${crypto.randomUUID()}`, type: 'message', role: 'assistant', content: [] };
      send('message_start', { message: { ...message, model: 'scripted', stop_reason: null, usage } });
      if ('hang' in reply) return;
      const isTool = 'bash' in reply;
      const block = isTool
        ? { type: 'tool_use', id: `toolu_${crypto.randomUUID()}`, name: 'Bash', input: {} }
        : { type: 'text', text: '' };
      send('content_block_start', { index: 0, content_block: block });
      for (const delta of getDeltas(reply)) {
        send('content_block_delta', { index: 0, delta });
        if (!isTool && reply.delayMs) await Bun.sleep(reply.delayMs);
      }
      send('content_block_stop', { index: 0 });
      const stop_reason = isTool ? 'tool_use' : 'end_turn';
      send('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 5 } });
      send('message_stop', {});
      try {
        controller.close();
      } catch {
        // Cut by `stop`.
      }
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

function getDeltas(reply: Exclude<Reply, { hang: true }>): object[] {
  if ('bash' in reply) return [{ type: 'input_json_delta', partial_json: JSON.stringify(reply.bash) }];
  const words = reply.delayMs ? reply.text.split(/(?<= )/) : [reply.text];
  return words.map((text) => ({ type: 'text_delta', text }));
}
