import type { Figures } from '../pair.ts';

/** Of small files, each of so many bytes. */
export const SMALL = { count: 5000, bytes: 500 } as const;

export const WORK = ['git status, first', 'git status, again', 'write', 'read', 'remove'] as const;
export const INSTALL = 'npm ci';

/** A function of the shell that does a command and says how long it took, in microseconds; a failure ends all. */
const TIMED = [
  'set -euo pipefail',
  // Of the clock alone the digits: where the locale has a comma, that is one.
  'timed() { local name=$1 from=${EPOCHREALTIME/[.,]/}; shift; "$@" >/dev/null',
  'printf "%s\\t%s\\n" "$name" "$((${EPOCHREALTIME/[.,]/} - from))"; }',
];

/** For bash, in a work tree: nothing of it is left there. */
export const WORK_SCRIPT = [
  ...TIMED,
  `text=$(printf %0${SMALL.bytes}d 0)`,
  `write() { for ((i = 0; i < ${SMALL.count}; i++)); do printf %s "$text" >small/$i; done; }`,
  'read_all() { cat small/*; }',
  'rm -rf small; mkdir small',
  'timed "git status, first" git status --short',
  'timed "git status, again" git status --short',
  'timed write write',
  'timed read read_all',
  'timed remove rm -r small',
].join('\n');

/** For bash, beside the project's folder. npm's cache is the guest's own, and empty, on both sides. */
export const INSTALL_SCRIPT = [
  ...TIMED,
  'cd npm',
  'rm -rf node_modules /tmp/npm-cache',
  `timed "${INSTALL}" npm ci --offline --ignore-scripts --no-audit --no-fund --cache /tmp/npm-cache`,
].join('\n');

/** What they print, in milliseconds. Throws where one of `names` is not there. */
export function parseTimed(text: string, names: readonly string[]): Figures {
  const found = new Map(
    text
      .split('\n')
      .map((line) => /^(.+)\t(\d+)$/.exec(line))
      .flatMap((match) => (match ? [[match[1] ?? '', Number(match[2]) / 1000]] : [])) as [string, number][],
  );
  return Object.fromEntries(
    names.map((name) => {
      const ms = found.get(name);
      if (ms === undefined) throw new Error(`nothing was said of ${name}:\n${text}`);
      return [name, ms];
    }),
  );
}
