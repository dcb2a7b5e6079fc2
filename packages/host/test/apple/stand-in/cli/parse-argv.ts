import { UsageFailure } from '../failure.ts';
import { isSince, type Version } from '../versions.ts';
import { COMMANDS, type Command, type Flag } from './commands.ts';

export interface Request {
  command: Command;
  /** Its path, one blank between the words: `image list`. */
  name: string;
  /** By the first long one of a flag's names; what has no value is there with none. */
  flags: ReadonlyMap<string, readonly string[]>;
  arguments: readonly string[];
  rest: readonly string[];
}

/** What every command takes. */
const GLOBAL = ['--debug'];

/** Decides what is asked for; throws UsageFailure for all that this version does not know. Pure. */
export function parseArgv(argv: readonly string[], version: Version): Request {
  const words = argv.filter((word, index) => !(index === 0 && GLOBAL.includes(word)));
  const command = findCommand(words, version);
  return parseWords(command, words.slice(command.path.length), version);
}

/** The name that a flag is kept under. */
export const getKey = (flag: Flag): string =>
  flag.names.find((name) => name.startsWith('--')) ?? flag.names[0] ?? '';

const matches = (command: Command, words: readonly string[]): boolean =>
  command.path.every(
    (part, index) =>
      words[index] === part ||
      (index === command.path.length - 1 && command.aliases.includes(words[index] ?? '')),
  );

function findCommand(words: readonly string[], version: Version): Command {
  const known = COMMANDS.filter(({ since }) => since === undefined || isSince(version, since));
  const found = known.find((command) => matches(command, words));
  if (found) return found;
  const groups = known.filter(({ path }) => path.length > 1 && path[0] === words[0]);
  const usage =
    groups.length > 0
      ? `Usage: container ${words[0]} <subcommand>\n  See 'container ${words[0]} --help' for more information.`
      : "Usage: container [--debug] <subcommand>\n  See 'container --help' for more information.";
  const odd = groups.length > 0 ? words[1] : words[0];
  throw new UsageFailure(
    odd === undefined ? 'Missing expected subcommand' : `Unexpected argument '${odd}'`,
    usage,
  );
}

function getUsage(command: Command): string {
  const name = `container ${command.path.join(' ')}`;
  return `${`Usage: ${name} [<options>] ${command.shape}`.trimEnd()}\n  See '${name} --help' for more information.`;
}

function parseWords(command: Command, words: readonly string[], version: Version): Request {
  const flags = command.flags.filter(
    ({ since, until }) =>
      (since === undefined || isSince(version, since)) && (until === undefined || isSince(until, version)),
  );
  const refuse = (message: string) => new UsageFailure(message, getUsage(command));
  const values = new Map<string, string[]>();
  const left = [...words];
  const given: string[] = [];
  const most = command.rest ? command.arguments.length : Number.POSITIVE_INFINITY;
  let onlyArguments = false;
  while (left.length > 0 && given.length < most) {
    const word = left.shift() ?? '';
    if (!onlyArguments && word === '--') onlyArguments = true;
    else if (onlyArguments || !word.startsWith('-') || word === '-') given.push(word);
    else if (!GLOBAL.includes(word)) takeFlag(word, { left, flags, values, refuse });
  }
  checkArguments(command, given, refuse);
  if (command.rest && !command.rest.optional && left.length === 0)
    throw refuse(`Missing expected argument '${command.rest.name}'`);
  const name = command.path.join(' ');
  return { command, name, flags: values, arguments: given, rest: left };
}

interface Taking {
  left: string[];
  flags: readonly Flag[];
  values: Map<string, string[]>;
  refuse: (message: string) => UsageFailure;
}

function takeFlag(word: string, taking: Taking): void {
  const [name = '', joined] = splitJoined(word);
  const flag = taking.flags.find(({ names }) => names.includes(name));
  if (flag) {
    keepFlag(flag, { name, joined }, taking);
    return;
  }
  const letters = /^-[a-zA-Z]{2,}$/.test(name) ? [...name.slice(1)] : [];
  const short = letters.map((letter) => taking.flags.find(({ names }) => names.includes(`-${letter}`)));
  if (letters.length === 0 || joined !== undefined || short.some((found) => found?.value !== undefined))
    throw taking.refuse(`Unknown option '${name}'`);
  for (const [index, found] of short.entries()) {
    if (!found) throw taking.refuse(`Unknown option '-${letters[index]}'`);
    keepFlag(found, { name: `-${letters[index]}`, joined: undefined }, taking);
  }
}

function splitJoined(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function keepFlag(flag: Flag, given: { name: string; joined: string | undefined }, taking: Taking): void {
  const { left, values, refuse } = taking;
  const key = getKey(flag);
  if (flag.value === undefined) {
    if (given.joined !== undefined) throw refuse(`The option '${given.name}' does not take a value`);
    values.set(key, []);
    return;
  }
  const shown = `${given.name} ${flag.value}`;
  // A value of its own may not look like an option; after `=` it may.
  const next = left[0]?.startsWith('-') && left[0] !== '-' ? undefined : left[0];
  if (given.joined === undefined) left.splice(0, next === undefined ? 0 : 1);
  const value = given.joined ?? next;
  if (value === undefined) throw refuse(`Missing value for '${shown}'`);
  const fits =
    flag.kind === 'text' || (flag.kind === 'int' ? /^\d+$/.test(value) : flag.kind.includes(value));
  if (!fits) throw refuse(`The value '${value}' is invalid for '${shown}'`);
  values.set(key, flag.many ? [...(values.get(key) ?? []), value] : [value]);
}

function checkArguments(command: Command, given: readonly string[], refuse: Taking['refuse']): void {
  const missing = command.arguments[given.length];
  const needed = command.arguments.filter(({ optional }) => !optional).length;
  if (given.length < needed && missing) throw refuse(`Missing expected argument '${missing.name}'`);
  const many = command.arguments.some((argument) => argument.many);
  const odd = given[command.arguments.length];
  if (!many && odd !== undefined) throw refuse(`Unexpected argument '${odd}'`);
}
