import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { SUPERVISOR_ENV, SUPERVISOR_PORT } from '@cspace/protocol/supervisor-api';

type Env = Record<string, string | undefined>;

/** Everything that the supervisor is told from outside. */
export interface Settings {
  token: string;
  host: string;
  port: number;
  /** Null: Claude Code's own default. */
  model: string | null;
  practice: boolean;
  /** Where the lock and `events.ndjson` are: a folder of the host, bound in. */
  sessionFolder: string;
  workspace: string;
  /** Claude Code's own folder: transcripts are in `projects/` below it. */
  claudeFolder: string;
  claudeExecutable: string;
  /** A turn whose agent says nothing for so long is given up. */
  stallMs: number;
  /** Waits between starts of an agent that does not stay; after the last one it is given up. */
  retryDelaysMs: readonly number[];
}

/**
 * Longer than anything that is silent for a good reason: Claude Code sends a message each 30 s while a tool runs, waits
 * 300 s on a stalled stream, then up to 600 s for an answer without one.
 */
const STALL_SECONDS = 1200;
/** Long enough for a machine that is short of memory for a moment, and an end within a minute. */
const RETRY_DELAYS_MS = '200,1000,2000,5000,10000,20000';

/** Reads the environment. Throws ProblemError `config-invalid`; an absent token is an error, never an open door. */
export function getSettings(env: Env): Settings {
  const token = env[SUPERVISOR_ENV.token] ?? '';
  if (token === '') {
    throw new ProblemError({
      code: 'config-invalid',
      message: `${SUPERVISOR_ENV.token} is not set: without a token anybody who reaches the port could give orders`,
    });
  }
  const home = env.HOME || '/home/dev';
  return {
    token,
    host: env.CSPACE_SUPERVISOR_HOST || '0.0.0.0',
    port: getNumber(env, 'CSPACE_SUPERVISOR_PORT', SUPERVISOR_PORT),
    model: env[SUPERVISOR_ENV.model] || null,
    practice: ['1', 'true'].includes(env[SUPERVISOR_ENV.practice] ?? ''),
    sessionFolder: env.CSPACE_SESSION_FOLDER || '/sessions',
    workspace: env.CSPACE_WORKSPACE || '/workspace',
    claudeFolder: env.CLAUDE_CONFIG_DIR || join(home, '.claude'),
    claudeExecutable: env.CSPACE_CLAUDE || '/usr/local/bin/claude',
    stallMs: getNumber(env, 'CSPACE_STALL_SECONDS', STALL_SECONDS) * 1000,
    retryDelaysMs: (env.CSPACE_RETRY_DELAYS_MS || RETRY_DELAYS_MS)
      .split(',')
      .map((text) => toNumber('CSPACE_RETRY_DELAYS_MS', text)),
  };
}

function getNumber(env: Env, name: string, fallback: number): number {
  const text = env[name];
  return text ? toNumber(name, text) : fallback;
}

function toNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new ProblemError({ code: 'config-invalid', message: `${name} is not a number: ${text}` });
}
