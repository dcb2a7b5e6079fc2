import { readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';

/** `K=V` as it is; a bare name is inherited, and left out where the caller has none. */
function expand(entry: string, inherited: Record<string, string | undefined>): string[] {
  if (entry.includes('=')) return [entry];
  const value = inherited[entry];
  return value === undefined ? [] : [`${entry}=${value}`];
}

/** Lines of an env file; comments and blank ones are nothing, quotes are part of the value. Pure. */
export function parseEnvFile(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
}

export interface EnvironmentOptions {
  image: readonly string[];
  files: readonly string[];
  entries: readonly string[];
}

/** The image's, then files', then what was given, the last of a name counting. In no order that anybody may count on. */
export function getEnvironment({ image, files, entries }: EnvironmentOptions): string[] {
  const given = [...files.flatMap((file) => parseEnvFile(readEnvFile(file))), ...entries];
  const all = new Map<string, string>();
  for (const entry of [...image, ...given.flatMap((one) => expand(one, process.env))]) {
    const at = entry.indexOf('=');
    all.set(entry.slice(0, at), entry.slice(at + 1));
  }
  const names = [...all.keys()].sort((a, b) => (turn(a) < turn(b) ? -1 : 1));
  return names.map((name) => `${name}=${all.get(name)}`);
}

const turn = (text: string): string => [...text].reverse().join('');

/** May be a FIFO: read to its end. */
function readEnvFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Failure('notFound', `envfile at ${path} not found`);
  }
}
