import { expect, test } from 'bun:test';
import { AT, createHttpSandboxes } from '../support/http-sandboxes.ts';
import { formatRequest, openRaw } from '../support/raw-http.ts';
import { waitUntil } from '../support/world.ts';

const REQUESTS = 1500;
const TOGETHER = 30;
const ODD = [0, 10, 13, 32, 37, 47, 58, 255];

/** The same numbers below `n` every time (a linear congruence, the constants of C's standard). */
function createDice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return (state >>> 8) % n;
  };
}

/** A few bytes changed, and pieces of it before or behind. */
function mutate(request: string, dice: (n: number) => number): Buffer {
  const bytes = Buffer.from(request, 'latin1');
  const parts = [bytes];
  for (let left = 1 + dice(4); left > 0; left -= 1) {
    const at = dice(bytes.length);
    const how = dice(4);
    if (how === 0) bytes[at] = dice(256);
    if (how === 1) bytes[at] = ODD[dice(ODD.length)] ?? 0;
    if (how === 2) parts.push(bytes.subarray(at, at + dice(40)));
    if (how === 3) parts.unshift(bytes.subarray(0, dice(30)));
  }
  return Buffer.concat(parts);
}

test(`P8: ${REQUESTS} mutated requests stop nothing, hold nothing, and are no bug of ours`, async () => {
  await using all = await createHttpSandboxes();
  const at = { port: all.gateway.port, from: AT.mercury, token: all.tokens.mercury.api };
  const turn = { ...at, method: 'POST', body: '{"text":"hi"}' };
  const seeds = [
    formatRequest('/sandboxes', at),
    formatRequest('/sandboxes/shop/mercury/events?after=1', at),
    formatRequest('/sandboxes/shop/mercury/turns', turn),
    formatRequest('/openapi.json', { ...at, headers: { connection: 'keep-alive' } }),
  ];
  const dice = createDice(20);
  const statuses = new Set<string>();
  for (let done = 0; done < REQUESTS; done += TOGETHER) {
    const batch = Array.from({ length: TOGETHER }, async (_, i) => {
      const connection = await openRaw({ ...at, timeoutMs: 1000 });
      connection.socket.end(mutate(seeds[i % seeds.length] ?? '', dice));
      // Some wait for more, and go when we do.
      const raw = await connection.ended.catch(() => '');
      statuses.add(raw.slice(9, 12));
    });
    await Promise.all(batch);
  }
  expect([...statuses]).toContain('400');
  expect([...statuses]).not.toContain('500');
  await waitUntil('nothing is open', () => all.gateway.open === 0);
  expect(all.fake.log).toEqual([]);
  expect((await all.askAs('venus', '/version')).status).toBe(200);
}, 60_000);
