import { lstat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { z } from 'zod';
import { readRegularFile } from '../system/files.ts';
import { checkText, formatMistake } from './diagnostics.ts';
import { type Merged, mergeConfig } from './merge.ts';
import { type Env, type Flags, parseEnv, parseFlags } from './overrides.ts';
import { getDefaults, ProjectFile, UserFile } from './schema.ts';

export const PROJECT_FILE_NAME = '.cspace.json';
const MAX_FILE_BYTES = 1024 * 1024;

export interface LoadOptions {
  /** CSPACE_HOME. */
  home: string;
  /** The work tree whose `.cspace.json` counts; undefined outside a repository and in the daemon. */
  source?: string;
  flags?: Flags;
  env?: Env;
  hostCpus?: number;
}

/**
 * The configuration in force: flags over `CSPACE_*` over the repository's `.cspace.json` over `config.json` over defaults.
 * Throws ProblemError: `config-invalid` with every mistake of both files and their places, or of the environment;
 * `usage` for flags.
 */
export async function loadConfig(options: LoadOptions): Promise<Merged> {
  const { home, source } = options;
  const flags = parseFlags(options.flags ?? {});
  const env = parseEnv(options.env ?? {});
  const mistakes: string[] = [];
  const user = await readFileAs(join(home, 'config.json'), UserFile, { mistakes, hint: getUserHint });
  const project = source
    ? await readFileAs(join(source, PROJECT_FILE_NAME), ProjectFile, { mistakes, hint: getProjectHint })
    : {};
  if (mistakes.length > 0) {
    throw new ProblemError({
      code: 'config-invalid',
      message:
        mistakes.length === 1
          ? 'the configuration has a mistake'
          : `the configuration has ${mistakes.length} mistakes`,
      why: mistakes.join('\n'),
      fix: 'mend the lines named; docs/config.md lists the keys',
    });
  }
  const defaults = getDefaults(options.hostCpus ?? availableParallelism());
  return mergeConfig({ defaults, user: user ?? {}, project: project ?? {}, env, flags });
}

interface Reading {
  mistakes: string[];
  hint: (key: string) => string;
}

/** Undefined where there is no such file, or where it has mistakes, which are added to the list. */
async function readFileAs<T>(
  path: string,
  schema: z.ZodType<T>,
  { mistakes, hint }: Reading,
): Promise<T | undefined> {
  let text: string | undefined;
  try {
    text = await readRegularFile(path, MAX_FILE_BYTES);
  } catch (error) {
    mistakes.push(`${path}: ${error instanceof Error ? error.message : 'it cannot be read'}`);
    return undefined;
  }
  if (text === undefined) {
    // A link or a pipe in its place must not count as "no configuration".
    const other = await lstat(path).catch(() => undefined);
    if (other !== undefined) mistakes.push(`${path}: not a regular file`);
    return undefined;
  }
  const checked = checkText(text, schema, hint);
  if (checked.ok) return checked.value;
  mistakes.push(...checked.mistakes.map((mistake) => formatMistake(path, mistake)));
  return undefined;
}

function getProjectHint(key: string): string {
  const top = key.split('.')[0] ?? '';
  if (Object.hasOwn(UserFile.shape, top) && !Object.hasOwn(ProjectFile.shape, top)) {
    return ': it belongs in config.json of your cspace home';
  }
  return getKnown(key, ProjectFile.shape);
}

function getUserHint(key: string): string {
  return key === 'project'
    ? `: it belongs in ${PROJECT_FILE_NAME} of the repository`
    : getKnown(key, UserFile.shape);
}

function getKnown(key: string, shape: Record<string, unknown>): string {
  return key.includes('.') ? '' : `; the keys are ${Object.keys(shape).join(', ')}`;
}
