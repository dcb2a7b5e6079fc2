import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createPracticeModel } from './practice-model.ts';
import { MAX_BODY_BYTES } from './request.ts';
import type { ApiMessage } from './sse.ts';

const model = createPracticeModel();
const call = (path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') =>
  model(
    new Request(`http://gateway${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  );
const ask = (prompt: string, more: object = {}) =>
  call('/v1/messages?beta=true', {
    model: 'claude-x',
    max_tokens: 10,
    tools: [{ name: 'Bash' }],
    messages: [{ role: 'user', content: prompt }],
    ...more,
  });

const getMessage = async (response: Response) => (await response.json()) as ApiMessage;

describe('createPracticeModel: /v1/messages', () => {
  test('createPracticeModel: answers a message', async () => {
    const response = await ask('hello');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'claude-x',
      content: [{ type: 'text', text: expect.stringContaining('Practice model: I received "hello"') }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 0, output_tokens: 0 },
    });
  });

  test('createPracticeModel: streams the same message', async () => {
    const response = await ask('run: ls', { stream: true });
    expect(response.headers.get('content-type')).toStartWith('text/event-stream');
    const text = await response.text();
    expect(text).toStartWith('event: message_start\n');
    expect(text).toContain('"partial_json":"{\\"command\\":\\"ls\\"');
    expect(text).toEndWith('event: message_stop\ndata: {"type":"message_stop"}\n\n');
  });

  test('createPracticeModel: the same request has the same answer, another one other ids', async () => {
    const [a, b, c] = await Promise.all(
      ['run: a', 'run: a', 'run: b'].map(async (each) => getMessage(await ask(each))),
    );
    expect(a).toEqual(b);
    expect(a?.id).not.toBe(c?.id);
    expect(a?.content[0]).not.toEqual(c?.content[0]);
  });

  test('createPracticeModel: a script: is words like any other unless it is for tests', async () => {
    const response = await ask('script:429');
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('I received');
  });
});

describe('createPracticeModel: what is wrong', () => {
  const messages = [{ role: 'user', content: 'a' }];
  const cases: [string, unknown, string][] = [
    ['no JSON', '{', 'not valid JSON'],
    ['nothing', '', 'not valid JSON'],
    ['another value', 'null', 'body: '],
    ['no messages', { model: 'x' }, 'messages: '],
    ['empty messages', { model: 'x', messages: [] }, 'messages: '],
    ['no model', { messages }, 'model: '],
    ['a role', { model: 'x', messages: [{ role: 'admin', content: 'a' }] }, 'messages.0.role: '],
    ['a content', { model: 'x', messages: [{ role: 'user', content: 3 }] }, 'messages.0.content: '],
  ];
  for (const [name, body, message] of cases) {
    test(`createPracticeModel: 400 for ${name}`, async () => {
      const response = await call('/v1/messages', body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        type: 'error',
        error: { type: 'invalid_request_error', message: expect.stringContaining(message) },
        request_id: response.headers.get('request-id') ?? '',
      });
    });
  }

  test('createPracticeModel: 413 for a body that is too long, without reading it all', async () => {
    let sent = 0;
    const part = new Uint8Array(1024 * 1024);
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += part.byteLength;
        controller.enqueue(part);
      },
    });
    const response = await model(new Request('http://gateway/v1/messages', { method: 'POST', body }));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { type: 'request_too_large' } });
    expect(sent).toBeLessThan(MAX_BODY_BYTES * 2);
  });

  test('createPracticeModel: 404 in the shape of the API for any other path or method', async () => {
    for (const [path, method] of [
      ['/v1/complete', 'POST'],
      ['/v1/messages', 'GET'],
      ['/', 'GET'],
    ] as const) {
      const response = await call(path, method === 'POST' ? {} : undefined);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    }
  });

  test('createPracticeModel: answers 200 or 400 to any JSON, and throws for none', async () => {
    const text = fc.constantFrom('run: a', 'write b: c', 'what did I say?', '<task-notification>', 'x');
    const odd = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }));
    const block = fc.record({
      type: fc.constantFrom('text', 'tool_use', 'tool_result', 'image'),
      ...{ text: odd, id: odd, name: fc.oneof(fc.constant('Write'), odd), input: odd },
      ...{ tool_use_id: odd, content: odd, is_error: odd },
    });
    const message = fc.record({
      role: fc.constantFrom('user', 'assistant', 'system'),
      content: fc.oneof(text, fc.array(fc.oneof(block, odd), { maxLength: 4 })),
    });
    const body = fc.record({
      model: fc.constant('m'),
      messages: fc.array(message, { maxLength: 6 }),
      stream: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(body, fc.jsonValue()), async (value) => {
        const response = await call('/v1/messages', JSON.stringify(value));
        expect([200, 400]).toContain(response.status);
        await response.text();
      }),
      { numRuns: 300 },
    );
  });
});

describe('createPracticeModel: the rest of the API', () => {
  test('createPracticeModel: counts tokens', async () => {
    const response = await call('/v1/messages/count_tokens?beta=true', {
      model: 'x',
      messages: [{ role: 'user', content: 'a'.repeat(400) }],
    });
    const { input_tokens } = (await response.json()) as { input_tokens: number };
    expect(input_tokens).toBeGreaterThan(100);
  });

  test('createPracticeModel: names itself as the one model', async () => {
    expect(await (await call('/v1/models')).json()).toMatchObject({ data: [{ id: 'cspace-practice' }] });
  });

  test('createPracticeModel: says hello', async () => {
    expect((await call('/api/hello', undefined, 'HEAD')).status).toBe(200);
  });
});
