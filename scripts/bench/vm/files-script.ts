import type { Figures } from '../pair.ts';

/** Of small files, each of so many bytes. */
export const SMALL = { count: 5000, bytes: 500 } as const;

export const WORK = ['git status, first', 'git status, again', 'write', 'read', 'remove'] as const;
export const INSTALL = 'npm ci';

/** A function of the shell that does a command and says when it began and ended, in seconds; a failure ends all. */
const TIMED = [
  'set -euo pipefail',
  'timed() { local name=$1 from=$EPOCHREALTIME; shift; "$@" >/dev/null',
  'printf "%s\\t%s\\t%s\\n" "$name" "$from" "$EPOCHREALTIME"; }',
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

/** How long each took, in milliseconds, by what they print. Throws where one of `names` is not there. */
export function parseTimed(text: string, names: readonly string[]): Figures {
  const lines = text.split('\n').map((line) => line.split('\t'));
  return Object.fromEntries(
    names.map((name) => {
      const line = lines.find(([first, ...times]) => first === name && times.length === 2);
      // In some locales the clock of the shell has a comma.
      const [from, to] = (line ?? []).slice(1).map((time) => Number(time.replace(',', '.')) * 1000);
      const ms = (to ?? Number.NaN) - (from ?? Number.NaN);
      if (!(ms >= 0)) throw new Error(`nothing was said of ${name}:\n${text}`);
      return [name, ms];
    }),
  );
}
