import type { Command, Option } from 'commander';

export interface Candidate {
  value: string;
  description: string;
}

/** What an argument of a command may be, by its name; nothing where nobody knows. */
export type GetValues = (argument: string, command: Command) => Promise<readonly Candidate[]>;

/**
 * What may stand in the place of the last of `words`, which are those after the program's name as a shell has them: quotes
 * are still there, and bash has made `--flag`, `=`, `value` of `--flag=value`.
 */
export async function getCandidates(
  program: Command,
  words: readonly string[],
  getValues: GetValues,
): Promise<Candidate[]> {
  const place = findPlace(program, words);
  if (!place) return [];
  const all = await getAll(place, getValues);
  return all.filter(({ value }) => value.startsWith(place.word));
}

interface Place {
  command: Command;
  /** Unfinished. */
  word: string;
  /** How many arguments of the command stand before it. */
  before: number;
  /** Whose value it is. */
  option: Option | undefined;
}

/** Undefined behind `--`, where words belong to another program. */
function findPlace(program: Command, words: readonly string[]): Place | undefined {
  const spoken = words.filter((word, at) => word !== '=' || at === words.length - 1);
  const last = spoken.at(-1) ?? '';
  let [command, before]: [Command, number] = [program, 0];
  let option: Option | undefined;
  for (const word of spoken.slice(0, -1)) {
    if (word === '--') return undefined;
    if (option) {
      option = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const found = findOption(command, word);
      option = found?.required || found?.optional ? found : undefined;
      continue;
    }
    const child = command.commands.find((each) => each.name() === word);
    if (child) [command, before] = [child, 0];
    else before += 1;
  }
  return { command, word: last === '=' ? '' : last, before, option };
}

const findOption = (command: Command, word: string) =>
  command.options.find(({ long, short }) => long === word || short === word);

async function getAll(place: Place, getValues: GetValues): Promise<readonly Candidate[]> {
  const { command, word, before, option } = place;
  const help = command.createHelp();
  if (option) return getChoices(option.argChoices);
  if (word.startsWith('--') && word.includes('=')) {
    const flag = word.slice(0, word.indexOf('='));
    const choices = getChoices(findOption(command, flag)?.argChoices);
    return choices.map((each) => ({ ...each, value: `${flag}=${each.value}` }));
  }
  if (word.startsWith('-')) {
    return help
      .visibleOptions(command)
      .flatMap(({ long, description }) => (long ? [{ value: long, description }] : []));
  }
  const children = help.visibleCommands(command);
  if (children.length > 0)
    return children.map((child) => ({ value: child.name(), description: child.summary() }));
  const argument = command.registeredArguments[before];
  if (!argument) return [];
  return argument.argChoices ? getChoices(argument.argChoices) : getValues(argument.name(), command);
}

const getChoices = (choices: readonly string[] = []): Candidate[] =>
  choices.map((value) => ({ value, description: '' }));
