import { lstat, readFile } from 'node:fs/promises';
import { PASSED_ENV } from '@cspace/protocol/daemon-api';
import { ProblemError } from '@cspace/protocol/problem';
import { openRegularFile, writeFileAtomic } from '../system/files.ts';
import type { Owner } from '../system/owner.ts';
import type { CredentialName, Secrets } from './secrets.ts';

const MAX_BYTES = 64 * 1024;

/**
 * Reads `secrets.env`; nothing where there is none. Throws ProblemError `credentials-invalid` where it is not a file of
 * the owner's alone, or has a line that cannot be read; no line of it stands in a message.
 */
export async function readSecretsFile(path: string, owner: Owner): Promise<Secrets> {
  const file = await openRegularFile(path);
  if (!file) {
    const other = await lstat(path).catch(() => undefined);
    if (other === undefined) return {};
    throw unusable(`${path} is not a regular file`, 'a link or a pipe could lead to another user’s file', [
      `mv ${path} ${path}.old`,
    ]);
  }
  try {
    const { uid, mode, size } = await file.stat();
    if (uid !== owner.uid) {
      throw unusable(
        `${path} belongs to another user (uid ${uid})`,
        'credentials are read from your own file only',
        [`sudo chown ${owner.uid}:${owner.gid} ${path}`],
      );
    }
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw unusable(`others can read or write ${path} (mode ${octal})`, 'it holds credentials', [
        `chmod 600 ${path}`,
      ]);
    }
    if (size > MAX_BYTES)
      throw unusable(`${path} is larger than ${MAX_BYTES} bytes`, 'that is no list of credentials');
    return parseSecrets(await file.readFile('utf8'), path);
  } finally {
    await file.close();
  }
}

function unusable(message: string, why: string, fix: string[] = []): ProblemError {
  return new ProblemError({
    code: 'credentials-invalid',
    message,
    why,
    ...(fix[0] === undefined ? {} : { fix: fix[0] }),
  });
}

/**
 * `KEY=VALUE` lines: `export` before them, quotes around the value, empty lines and `#` comments are fine; nothing is
 * expanded. Throws ProblemError that names every bad line by its number alone: it may be a token without a name.
 */
export function parseSecrets(text: string, path: string): Secrets {
  const values: Secrets = {};
  const mistakes: string[] = [];
  for (const [index, raw] of text
    .replace(/^\u{feff}/u, '')
    .split('\n')
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') mistakes.push(`${path}:${index + 1}: ${parsed}`);
    else if (Object.hasOwn(values, parsed.name))
      mistakes.push(`${path}:${index + 1}: ${parsed.name} a second time`);
    else if (parsed.value !== '') values[parsed.name] = parsed.value;
  }
  if (mistakes.length > 0) {
    throw new ProblemError({
      code: 'credentials-invalid',
      message: `${path} cannot be read`,
      why: mistakes.join('\n'),
      fix: `lines are NAME=value; the names: ${PASSED_ENV.join(', ')}`,
    });
  }
  return values;
}

function parseLine(line: string): { name: CredentialName; value: string } | string {
  const match = /^(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
  if (!match) return 'not a line of the form NAME=value';
  const name = PASSED_ENV.find((known) => known === match[1]);
  if (name === undefined) return `${match[1]} is not known`;
  const value = parseValue(match[2] ?? '');
  return value === undefined ? `the quotes of ${name} do not match` : { name, value };
}

/** `'…'` as it stands, `"…"` with `\"` and `\\`, else up to a ` #`. */
function parseValue(text: string): string | undefined {
  const quoted = /^'([^']*)'\s*(?:#.*)?$/.exec(text) ?? undefined;
  if (quoted) return quoted[1];
  const double = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(text);
  if (double) return double[1]?.replace(/\\(["\\$`])/g, '$1');
  if (/^['"]/.test(text)) return undefined;
  return text.replace(/\s+#.*$/, '').trim();
}

/**
 * The text with one line for the name, or none: what stood there for it goes, all else stays as it is. Pure. Throws what
 * `parseSecrets` throws.
 */
export function setSecret(text: string, name: CredentialName, value: string | undefined): string {
  const isOther = (line: string) => {
    const parsed = parseLine(line.trim());
    return typeof parsed === 'string' || parsed.name !== name;
  };
  const kept = text.split('\n').filter(isOther).join('\n').trimEnd();
  const lines = value === undefined ? [kept] : [kept, `${name}='${value}'`];
  const all = lines.filter((line) => line !== '').join('\n');
  return all === '' ? '' : `${all}\n`;
}

/** Writes or takes away one name. False where there was nothing to take away. Throws as `readSecretsFile` does. */
export async function editSecretsFile(
  path: string,
  owner: Owner,
  { name, value }: { name: CredentialName; value: string | undefined },
): Promise<boolean> {
  const before = await readSecretsFile(path, owner);
  if (value === undefined && before[name] === undefined) return false;
  if (value?.includes("'")) throw unusable(`the value of ${name} holds a quote`, 'no token has one');
  const text = await readFile(path, 'utf8').catch(() => '');
  await writeFileAtomic(path, setSecret(text, name, value), { owner });
  return true;
}
