import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ApiMessage } from './sse.ts';
import { type ScriptedModel, startScriptedModel } from './testing.ts';

let model: ScriptedModel;
beforeAll(async () => {
  model = await startScriptedModel();
});
afterAll(() => model.close());

const ask = (prompt: string, more: object = {}, init: RequestInit = {}) =>
  fetch(`${model.url}/v1/messages`, {
    method: 'POST',
    body: JSON.stringify({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: prompt }],
      ...more,
    }),
    signal: AbortSignal.timeout(10_000),
    ...init,
  });
const askMessage = async (prompt: string) =>
  (await (await ask(prompt, { stream: false })).json()) as ApiMessage;
const askText = async (prompt: string) => JSON.stringify((await askMessage(prompt)).content);

describe('script: errors', () => {
  test('script:429 x2: twice the error, then an answer, and a count for each prompt', async () => {
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await ask('script:429 x2')).status);
    expect(statuses).toEqual([429, 429, 200]);
    expect((await ask('script:429 x1')).status).toBe(429);
  });

  const cases: [string, number, string][] = [
    ['script:529', 529, 'overloaded_error'],
    ['script:error-400', 400, 'invalid_request_error'],
    ['script:401', 401, 'authentication_error'],
    ['script:500', 500, 'api_error'],
  ];
  for (const [prompt, status, type] of cases) {
    test(`${prompt}: the error every time`, async () => {
      await ask(prompt);
      const response = await ask(prompt);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ type: 'error', error: { type } });
    });
  }

  test('script:constructor: a name that is not there is said', async () => {
    expect(await askText('script:constructor')).toContain('no script is named constructor');
  });
});

describe('script: streams', () => {
  test('script:slow-stream 6 40: a word at a time', async () => {
    const started = performance.now();
    const text = await (await ask('script:slow-stream 6 40')).text();
    expect(performance.now() - started).toBeGreaterThan(6 * 40);
    expect(text.match(/text_delta/g)?.length).toBe(8);
    expect(text).toContain('message_stop');
  });

  test('script:stalled-stream: words, then nothing until the client leaves', async () => {
    const gone = new AbortController();
    const response = await ask('script:stalled-stream', {}, { signal: gone.signal });
    const reader = response.body?.getReader();
    const seen: string[] = [];
    let quiet = false;
    while (!quiet) {
      const part = await Promise.race([reader?.read(), Bun.sleep(300).then(() => 'quiet' as const)]);
      if (part === 'quiet') quiet = true;
      else if (part?.done !== false) break;
      else seen.push(new TextDecoder().decode(part.value));
    }
    gone.abort();
    expect(quiet).toBe(true);
    expect(seen.join('')).toContain('text_delta');
    expect(seen.join('')).not.toContain('message_stop');
  });

  test('script:stalled-stream 100: goes on after that', async () => {
    expect(await (await ask('script:stalled-stream 100')).text()).toContain('message_stop');
  });

  test('script:cut-stream: once a stream without an end', async () => {
    expect(await (await ask('script:cut-stream')).text()).not.toContain('content_block_stop');
    expect(await (await ask('script:cut-stream')).text()).toContain('message_stop');
  });

  test('script:stream-error: an error event as the last', async () => {
    const text = await (await ask('script:stream-error')).text();
    expect(text.trimEnd().split('\n\n').at(-1)).toStartWith('event: error\ndata: {"type":"error"');
  });

  test('script:no-headers 150: nothing before that', async () => {
    const started = performance.now();
    await ask('script:no-headers 150');
    expect(performance.now() - started).toBeGreaterThan(140);
  });
});

describe('script: shapes', () => {
  const getBlocks = async (prompt: string) => {
    const { content, stop_reason } = await askMessage(prompt);
    return { stop: stop_reason, types: content.map((block) => block.type), content };
  };

  test('script:parallel 2: words and two uses of tools', async () => {
    const { stop, types } = await getBlocks('script:parallel 2');
    expect([stop, ...types]).toEqual(['tool_use', 'text', 'tool_use', 'tool_use']);
  });

  test('script:background: a command in the background', async () => {
    expect(await askText('script:background 1')).toContain('"run_in_background":true');
  });

  test('script:thinking: a thought with a signature', async () => {
    expect((await getBlocks('script:thinking')).content[0]).toMatchObject({
      type: 'thinking',
      signature: expect.any(String),
    });
  });

  test('script:long-text 100: at least so many kilobytes', async () => {
    expect((await askText('script:long-text 100')).length).toBeGreaterThan(100_000);
  });

  test('script:max-tokens: cut once', async () => {
    expect((await getBlocks('script:max-tokens')).stop).toBe('max_tokens');
    expect((await getBlocks('script:max-tokens')).stop).toBe('end_turn');
  });

  test('script: tokens are counted, so that a turn has a price', async () => {
    expect((await askMessage('script:thinking')).usage.input_tokens).toBeGreaterThan(0);
  });
});

test('startScriptedModel: records each request', async () => {
  await ask('recorded', {}, { headers: { 'x-api-key': 'k' } });
  expect(model.requests.at(-1)).toMatchObject({
    method: 'POST',
    path: '/v1/messages',
    headers: { 'x-api-key': 'k' },
    body: { messages: [{ content: 'recorded' }] },
  });
});
