import { homedir } from 'node:os';
import { BASE_ENV, type RunResult, run } from './exec.ts';

/** One password of the user's default keychain (macOS, security(1)). Neither part is secret. */
export interface KeychainItem {
  service: string;
  account: string;
}

export interface KeychainOptions {
  /** Where `security` is looked for. */
  path?: string;
}

/** A dialogue may stand on the screen meanwhile: the keychain is locked. */
const TIMEOUT_MS = 60_000;
/** errSecItemNotFound (-25300), as an exit code. */
const NOT_FOUND = 44;
/** `security -i` cuts a line there, and would store what is left of it (tried by others: tokens of 2 KB are fine). */
const MAX_LINE = 4096;

/** A keychain that did not do it; `message` is what security(1) said, and holds no value. */
export class KeychainError extends Error {}

/** Undefined where there is none. Throws KeychainError. */
export async function readKeychainItem(
  item: KeychainItem,
  options: KeychainOptions = {},
): Promise<string | undefined> {
  const result = await runSecurity(['find-generic-password', ...getNames(item), '-w'], options);
  if (result.ok) return result.stdout;
  if (result.exitCode === NOT_FOUND) return undefined;
  throw new KeychainError(explain(result));
}

/** Makes it or replaces it. Throws KeychainError, RangeError where the value is too long. */
export async function writeKeychainItem(
  item: KeychainItem,
  value: string,
  options: KeychainOptions = {},
): Promise<void> {
  const line = getWriteLine(item, value);
  if (line.length >= MAX_LINE) throw new RangeError('too long for the keychain');
  // Not `-w VALUE`: every user of the host could read that in the list of processes.
  const result = await runSecurity(['-i'], options, line);
  // `security -i` ends with 0 whatever became of its line, and may say more than what went wrong: what counts is in there.
  const there = result.ok ? await readKeychainItem(item, options) : undefined;
  if (there !== value) throw new KeychainError(explain(result));
}

/** False where there was none. Throws KeychainError. */
export async function removeKeychainItem(
  item: KeychainItem,
  options: KeychainOptions = {},
): Promise<boolean> {
  const result = await runSecurity(['delete-generic-password', ...getNames(item)], options);
  if (result.ok) return true;
  if (result.exitCode === NOT_FOUND) return false;
  throw new KeychainError(explain(result));
}

/** A command for `security -i`: in hexadecimal (`-X`) nothing of the value means anything to its parser. Pure. */
export function getWriteLine(item: KeychainItem, value: string): string {
  const hex = Buffer.from(value, 'utf8').toString('hex');
  return `${['add-generic-password', '-U', ...getNames(item), '-X', hex].join(' ')}\n`;
}

function getNames({ service, account }: KeychainItem): string[] {
  if (![service, account].every((word) => /^[\w.-]+$/.test(word)))
    throw new TypeError('not a name for the keychain');
  return ['-s', service, '-a', account];
}

function runSecurity(args: string[], { path = BASE_ENV.PATH }: KeychainOptions, input?: string) {
  return run(['security', ...args], {
    timeoutMs: TIMEOUT_MS,
    // Which keychains a user has stands in the home folder.
    env: { PATH: path, HOME: homedir() },
    ...(input === undefined ? {} : { input }),
  });
}

function explain(result: RunResult): string {
  if (result.notFound) return 'security(1) is not there';
  if (result.timedOut) return 'it did not answer: a dialogue may wait on the screen';
  // With `-w` a value stands on stdout, and only there.
  return result.stderr.trim().split('\n').at(-1) || `security(1) ended with ${result.exitCode ?? 'a signal'}`;
}
