import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewTokens } from '../../src/sandbox/tokens.ts';
import { createFakeHouse, type FakeHouse, getRecord, type HttpServer, serveHttp } from './fake-house.ts';
import { type Answer, type AskOptions, ask } from './raw-http.ts';

/** Sandboxes at addresses of loopback: each asks from its own. */
export const AT = { mercury: '127.0.0.2', venus: '127.0.0.3', earth: '127.0.0.4', old: '127.0.0.5' };

/** Mercury, venus and mars (stopped) of shop, earth of bank, and the daemon's HTTP service for both audiences. */
export interface HttpSandboxes extends AsyncDisposable {
  fake: FakeHouse;
  gateway: HttpServer;
  loopback: HttpServer;
  tokens: Record<'mercury' | 'venus' | 'earth', NewTokens>;
  readHostToken(): Promise<string>;
  /** Every answer that came, for the search of tokens. */
  answers: Answer[];
  /** As a sandbox asks. */
  askAs(name: 'mercury' | 'venus' | 'earth', path: string, options?: Partial<AskOptions>): Promise<Answer>;
  askAsHost(path: string, options?: Partial<AskOptions>): Promise<Answer>;
}

export async function createHttpSandboxes(): Promise<HttpSandboxes> {
  const fake = await createFakeHouse();
  const tokens = {
    mercury: await fake.add('shop/mercury', AT.mercury),
    venus: await fake.add('shop/venus', AT.venus),
    earth: await fake.add('bank/earth', AT.earth),
  };
  await fake.house.registry.put({ ...getRecord('shop/mars', null), state: 'stopped' });
  const gateway = await serveHttp(fake.house, { audience: 'sandboxes' });
  const loopback = await serveHttp(fake.house, { audience: 'host' });
  const readHostToken = async () => (await readFile(join(fake.home, 'http.token'), 'utf8')).trim();
  const answers: Answer[] = [];
  const keep = async (path: string, options: AskOptions) => {
    const answer = await ask(path, options);
    answers.push(answer);
    return answer;
  };
  return {
    fake,
    gateway,
    loopback,
    tokens,
    readHostToken,
    answers,
    askAs: (name, path, options) =>
      keep(path, { port: gateway.port, from: AT[name], token: tokens[name].api, ...options }),
    askAsHost: async (path, options) =>
      keep(path, { port: loopback.port, ...options, token: options?.token ?? (await readHostToken()) }),
    async [Symbol.asyncDispose]() {
      await Promise.all([gateway.close(), loopback.close()]);
      await fake[Symbol.asyncDispose]();
    },
  };
}

export const post = (text: string) => ({ method: 'POST', body: JSON.stringify({ text }) });

export const getCode = ({ text }: Answer): string =>
  (JSON.parse(text) as { problem: { code: string } }).problem.code;

/** A line of `events.ndjson`. */
export function getEventLine(seq: number, text: string): string {
  const event = { v: 1, seq, at: '', session: null, type: 'turn.text', data: { text } };
  return `${JSON.stringify(event)}\n`;
}
