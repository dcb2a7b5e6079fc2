import { ProblemError } from '@cspace/protocol/problem';
import { SUPERVISOR_ENV } from '@cspace/protocol/supervisor-api';
import { z } from 'zod';
import { ProjectFile, UserFile } from './schema.ts';

const files = ProjectFile.extend(UserFile.shape).shape;
const limits = files.limits.unwrap().shape;

/** A text from a flag or a variable, read as a number and then by the key's own schema. */
const number = <T extends z.ZodType<number, number>>(schema: T) =>
  z
    .string()
    .regex(/^\s*\d+(\.\d+)?\s*$/, 'a number')
    .transform(Number)
    .pipe(schema);

/**
 * What flags and `CSPACE_*` variables may set; each key with its variable. Bridge, subnet, ports and idle time are not
 * among them: they are the daemon's, which serves all commands of a home and reads config.json only.
 */
export const OVERRIDES = {
  project: { variable: 'CSPACE_PROJECT', schema: files.project.unwrap() },
  model: { variable: 'CSPACE_MODEL', schema: files.model.unwrap() },
  substrate: { variable: 'CSPACE_SUBSTRATE', schema: files.substrate.unwrap() },
  network: { variable: 'CSPACE_NETWORK', schema: files.network.unwrap() },
  cpus: { variable: 'CSPACE_CPUS', schema: number(limits.cpus.unwrap()) },
  memory: { variable: 'CSPACE_MEMORY', schema: limits.memory.unwrap() },
  pids: { variable: 'CSPACE_PIDS', schema: number(limits.pids.unwrap()) },
} as const;

export type OverrideKey = keyof typeof OVERRIDES;
export type Overrides = { [K in OverrideKey]?: z.infer<(typeof OVERRIDES)[K]['schema']> };
/** Flags as the command line gives them, by key; a flag not given is undefined. */
export type Flags = { [K in OverrideKey]?: string | undefined };
export type Env = Record<string, string | undefined>;

/** Variables of ours that are not configuration: where things are, and what parts tell each other. */
const OTHER_VARIABLES: readonly string[] = [
  'CSPACE_HOME',
  'CSPACE_AGENT',
  'CSPACE_EXEC',
  ...Object.values(SUPERVISOR_ENV),
];
const OTHER_PREFIXES = ['CSPACE_TEST_', 'CSPACE_LAB'];

/** The flags, checked. Throws ProblemError `usage` with all mistakes. */
export function parseFlags(flags: Flags): Overrides {
  return check(
    (key) => flags[key],
    (key) => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    'usage',
  );
}

/**
 * The `CSPACE_*` variables, checked; an empty one counts as not set. Throws ProblemError `config-invalid` with all
 * mistakes, unknown variables among them: one that is misspelt would be ignored in silence.
 */
export function parseEnv(env: Env): Overrides {
  const known = new Set<string>(Object.values(OVERRIDES).map(({ variable }) => variable));
  const isOurs = (name: string) =>
    known.has(name) ||
    OTHER_VARIABLES.includes(name) ||
    OTHER_PREFIXES.some((prefix) => name.startsWith(prefix));
  const unknown = Object.keys(env).filter((name) => name.startsWith('CSPACE_') && !isOurs(name));
  const mistakes = unknown
    .sort()
    .map((name) => `${JSON.stringify(name)} is not a variable of cspace${getHint(name)}`);
  return check(
    (key) => env[OVERRIDES[key].variable] || undefined,
    (key) => OVERRIDES[key].variable,
    'config-invalid',
    mistakes,
  );
}

function getHint(name: string): string {
  const key = name
    .slice('CSPACE_'.length)
    .toLowerCase()
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.hasOwn(UserFile.shape, key) ? `: set ${JSON.stringify(key)} in config.json` : '';
}

function check(
  get: (key: OverrideKey) => string | undefined,
  getName: (key: OverrideKey) => string,
  code: 'usage' | 'config-invalid',
  mistakes: string[] = [],
): Overrides {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(OVERRIDES) as OverrideKey[]) {
    const text = get(key);
    if (text === undefined) continue;
    const parsed = OVERRIDES[key].schema.safeParse(text);
    if (parsed.success) values[key] = parsed.data;
    else
      mistakes.push(
        `${getName(key)}=${JSON.stringify(text)}: ${parsed.error.issues[0]?.message ?? 'invalid'}`,
      );
  }
  if (mistakes.length === 0) return values as Overrides;
  throw new ProblemError({
    code,
    message:
      code === 'usage'
        ? 'a flag has a value that it cannot have'
        : 'the environment has a setting that is none',
    why: mistakes.join('\n'),
    fix:
      code === 'usage'
        ? 'cspace up --help'
        : `unset it, or use one of: ${Object.values(OVERRIDES)
            .map(({ variable }) => variable)
            .join(', ')}`,
  });
}
