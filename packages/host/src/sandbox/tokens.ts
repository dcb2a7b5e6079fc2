import { randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import { z } from 'zod';
import { readRegularFile, writeFileAtomic } from '../system/files.ts';
import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';

const Tokens = z.strictObject({
  /** The daemon shows it to the supervisor. */
  supervisor: z.string().min(32),
  /** The sandbox shows it to the practice model. */
  model: z.string().min(32),
  /** The sandbox shows it to the rest of the daemon's HTTP service. A machine from before there was one has none. */
  api: z.string().min(32).optional(),
});
export type Tokens = z.infer<typeof Tokens>;
export type NewTokens = Tokens & { api: string };

/** The tokens of each machine, gone with its folder. Never in a record, a log, an answer or an event. */
export interface TokenStore {
  /** New ones, on disk before it resolves; the machine's folder has to exist. */
  create(ref: SandboxRef): Promise<NewTokens>;
  get(ref: SandboxRef): Promise<Tokens | undefined>;
  forget(ref: SandboxRef): void;
}

export function openTokenStore(paths: Paths, owner: Owner): TokenStore {
  const known = new Map<string, Tokens>();
  const getFile = (ref: SandboxRef) => join(paths.machine(ref), 'tokens.json');
  return {
    async create(ref) {
      const tokens = { supervisor: createToken(), model: createToken(), api: createToken() };
      await writeFileAtomic(getFile(ref), JSON.stringify(tokens), { owner });
      known.set(formatRef(ref), tokens);
      return tokens;
    },
    async get(ref) {
      const cached = known.get(formatRef(ref));
      if (cached) return cached;
      const text = await readRegularFile(getFile(ref), 4096);
      if (text === undefined) return undefined;
      const parsed = Tokens.safeParse(JSON.parse(text));
      if (parsed.success) known.set(formatRef(ref), parsed.data);
      return parsed.data;
    },
    forget(ref) {
      known.delete(formatRef(ref));
    },
  };
}

export function createToken(): string {
  return `cspace-${randomBytes(24).toString('base64url')}`;
}

/** Compares without telling by its time how much was right. */
export function isToken(given: string | undefined, expected: string): boolean {
  if (given === undefined) return false;
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
