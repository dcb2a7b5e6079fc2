import { basename, posix, resolve } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';

/** What goes where. A path that ends in `/.` means what is in that folder, as cp(1) has it. */
export interface Copy {
  direction: 'in' | 'out';
  /** The sandbox's, as it was written. */
  name: string;
  /** Absolute, or of `/workspace`. */
  inside: string;
  /** Absolute. */
  outside: string;
  /** The contents of the source, and not the source itself. */
  contents: boolean;
}

/**
 * `NAME:PATH` and `PROJECT/NAME:PATH` are a sandbox's. As with scp(1) a file that is called so can be had by its folder:
 * `./a:b`. Throws `usage`. Pure.
 */
export function parseCopy(from: string, to: string, cwd: string): Copy {
  const [source, target] = [parsePlace(from), parsePlace(to)];
  if ((source.name === undefined) === (target.name === undefined))
    throw getUsageProblem('one of the two is in a sandbox, as NAME:PATH, and the other is not');
  const sandboxes = source.name === undefined ? target : source;
  const host = source.name === undefined ? source : target;
  if (host.path === '') throw getUsageProblem('a path is empty');
  return {
    direction: source.name === undefined ? 'in' : 'out',
    name: sandboxes.name ?? '',
    inside: posix.isAbsolute(sandboxes.path) ? sandboxes.path : `./${sandboxes.path}`,
    outside: resolve(cwd, host.path),
    contents: /(^|\/)\.$/.test(source.path) || source.path === '',
  };
}

interface Place {
  name: string | undefined;
  path: string;
}

function parsePlace(word: string): Place {
  const found = /^((?:[\w-]+\/)?[\w-]+):(.*)$/s.exec(word);
  return found ? { name: found[1], path: found[2] ?? '' } : { name: undefined, path: word };
}

/** What the source is called where its target is a folder. Throws `usage` where it has no name of its own. */
export function getOwnName(path: string): string {
  const name = basename(path);
  if (name === '' || name === '.' || name === '..')
    throw getUsageProblem(`${path} has no name of its own: copy ${path.replace(/\/$/, '')}/. into a folder`);
  return name;
}

const getUsageProblem = (message: string) =>
  new ProblemError({ code: 'usage', message, fix: 'cspace cp --help' });
