import { parseVersion, type Version } from '../versions.ts';

export interface Flag {
  /** With their dashes. */
  names: readonly string[];
  /** What stands for its value in the usage; undefined where it has none. */
  value: string | undefined;
  /** It may be given more than once; else the last one counts. */
  many: boolean;
  /** `int`, or the values that there are. */
  kind: 'int' | 'text' | readonly string[];
  since: Version | undefined;
  until: Version | undefined;
}

export interface Argument {
  name: string;
  optional: boolean;
  many: boolean;
}

export interface Command {
  /** `['image', 'list']`; further names of the last word are aliases. */
  path: readonly string[];
  aliases: readonly string[];
  arguments: readonly Argument[];
  /** After the arguments all is the program's: its name, where there is such a rest. */
  rest: Argument | undefined;
  flags: readonly Flag[];
  since: Version | undefined;
  /** As its usage line shows it. */
  shape: string;
}

/** Reads a flag's line: `-n --name <value>… int|KIND since VERSION until VERSION`. */
export function parseFlag(line: string): Flag {
  const words = line.split(' ');
  const after = (word: string): Version | undefined => {
    const at = words.indexOf(word);
    return at < 0 ? undefined : parseVersion(words[at + 1] ?? '');
  };
  const valueAt = words.findIndex((word) => word.startsWith('<'));
  const value = words[valueAt];
  const kind = valueAt < 0 ? undefined : words[valueAt + 1];
  return {
    names: words.filter((word) => word.startsWith('-')),
    value: value?.replace('…', ''),
    many: value?.endsWith('…') ?? false,
    kind: kind === 'int' ? 'int' : kind?.includes('|') ? kind.split('|') : 'text',
    since: after('since'),
    until: after('until'),
  };
}

/** Reads a command's line: `path name|alias <argument> [<argument>]… -- <rest> since VERSION`. */
export function parseCommand(line: string, flags: readonly string[]): Command {
  const [text = '', since] = line.split(' since ');
  const words = text.split(' ');
  const names = words.filter((word) => /^[a-z|]+$/.test(word));
  const [last = '', ...aliases] = (names.at(-1) ?? '').split('|');
  const cut = words.indexOf('--');
  const toArgument = (word: string): Argument => ({
    name: word.replace(/[[\]…]/g, ''),
    optional: word.startsWith('['),
    many: word.includes('…'),
  });
  const shown = words.slice(names.length, cut < 0 ? undefined : cut);
  const rest = cut < 0 ? undefined : words[cut + 1];
  return {
    path: [...names.slice(0, -1), last],
    aliases,
    arguments: shown.map(toArgument),
    rest: rest === undefined ? undefined : toArgument(rest),
    flags: flags.map(parseFlag),
    since: since === undefined ? undefined : parseVersion(since),
    shape: words
      .slice(names.length)
      .filter((word) => word !== '--')
      .join(' '),
  };
}
