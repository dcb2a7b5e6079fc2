import { afterAll, beforeAll, expect } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createPrivateHost, getPackagesObstacle, type PrivateHost } from '../support/private-host.ts';
import { testUnless } from '../support/test-unless.ts';

const test = testUnless(process.getuid?.() !== 0 ? 'needs root' : getPackagesObstacle());
const MAIN = resolve(import.meta.dir, '../../src/main.ts');

let host: PrivateHost | undefined;
let folder = '';
let env: Record<string, string> = {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-completion-'));
  const [bin, home] = [join(folder, 'bin'), join(folder, 'home')];
  for (const name of [bin, join(home, 'registry/shop')]) mkdirSync(name, { recursive: true });
  for (const name of ['mercury', 'mars']) writeFileSync(join(home, `registry/shop/${name}.json`), '{}');
  const program = join(bin, 'cspace');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(program, 0o755);
  env = { PATH: `${bin}:/usr/bin:/bin`, CSPACE_HOME: home, HOME: folder, TERM: 'dumb' };
  if (getPackagesObstacle() === undefined) host = await createPrivateHost({ packages: true });
});
afterAll(async () => {
  await host?.dispose();
  rmSync(folder, { recursive: true });
});

const run = async (...argv: string[]) => {
  const { code, stdout, stderr } = (await host?.run(argv, { env, cwd: folder })) ?? {};
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout ?? '';
};

/** What bash would offer for a line's words; the last one is unfinished. */
const bash = (...words: string[]) =>
  run(
    ...['bash', '--norc', '-c'],
    `source <(cspace completion bash); COMP_WORDS=(cspace "$@"); COMP_CWORD=$#; _cspace; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ...['bash', ...words],
  );

/** What an interactive zsh shows of a line after the tabulator key, until `wanted` is there. */
const zsh = (line: string, wanted: string) =>
  run(
    ...['zsh', '-f', '-c'],
    `zmodload zsh/zpty; zpty shell zsh -f -i
     zpty -w shell "autoload -U compinit; compinit -u -D; source <(cspace completion zsh); PS1=; echo rea''dy"
     zpty -r -m shell seen "*ready*"
     zpty -w -n shell "$1"$'\\t'
     zpty -r -m shell seen "*$2*"; print -r -- "$seen"; zpty -d shell`,
    ...['zsh', line, wanted],
  );

test('completion bash: commands, and sandboxes from anywhere', async () => {
  expect(await bash('st')).toBe('status\n');
  expect((await bash('down', 's')).split('\n').filter(Boolean).sort()).toEqual(['shop/mars', 'shop/mercury']);
});
test('completion bash: what stands on the line is never run', async () => {
  const file = join(folder, 'run');
  await bash('down', `$(touch ${file})`, `; touch ${file}`, '');
  expect(existsSync(file)).toBe(false);
});
test('completion zsh: a command in an interactive shell', async () => {
  expect(await zsh('cspace stat', 'status ')).toContain('cspace status ');
});
test('completion fish: commands with what they are for, and sandboxes', async () => {
  const fish = (line: string) =>
    run('fish', '--no-config', '-c', 'cspace completion fish | source; complete -C "$argv"', line);
  expect(await fish('cspace stat')).toBe('status\tshow one sandbox and what its agent is doing\n');
  expect(await fish('cspace down shop/mer')).toBe('shop/mercury\tsandbox of shop\n');
});
