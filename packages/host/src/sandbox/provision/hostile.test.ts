import { expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { commitFile, sh, useTempFolder } from '../../git/testing.ts';
import { makeSandboxClone, type SandboxClone } from './testing.ts';

const temp = useTempFolder();

interface Trap {
  name: string;
  /** Puts it into a clone; `canary` is a program that leaves a file where it is run. */
  plant(clone: string, canary: string): void;
  /** What a person would type that sets it off: the proof that the canary sings. */
  setOff: string;
  /** The clone's git folder is not one any more: all that is asked of us is to run nothing. */
  unreadable?: true;
}

const config = (
  key: string,
  value: (canary: string) => string,
  setOff: string,
  more: string[][] = [],
): Trap => ({
  name: key,
  plant(clone, canary) {
    for (const [extra, text] of more) sh(clone, 'config', extra ?? '', text ?? '');
    sh(clone, 'config', key, value(canary));
  },
  setOff,
});

/** Attributes are committed: the branch that is fetched carries them. */
function attributes(trap: Trap, line: string): Trap {
  return {
    ...trap,
    plant(clone, canary) {
      commitFile(clone, '.gitattributes', `${line}\n`);
      commitFile(clone, 'file.x', 'text\n');
      writeFileSync(join(clone, 'file.x'), 'changed\n');
      trap.plant(clone, canary);
    },
  };
}

function hook(name: string, setOff: string): Trap {
  return {
    name: `hook ${name}`,
    plant(clone, canary) {
      mkdirSync(join(clone, '.git/hooks'), { recursive: true });
      symlinkSync(canary, join(clone, '.git/hooks', name));
    },
    setOff,
  };
}

/** A git folder whose status runs the canary, for places where git may find one. */
function makeEvilGitDir(path: string, canary: string): void {
  sh('/', 'init', '--quiet', '--bare', path);
  sh(path, 'config', 'core.bare', 'false');
  sh(path, 'config', 'core.fsmonitor', canary);
}

const it = (canary: string) => canary;
const TRAPS: Trap[] = [
  hook('post-checkout', 'git checkout -q --detach'),
  hook('reference-transaction', 'git update-ref refs/heads/z HEAD'),
  hook('post-index-change', 'touch new && git add new'),
  hook('pre-commit', 'git commit -q --allow-empty -m x'),
  hook('pre-push', 'git push -q host HEAD:refs/heads/z'),
  {
    name: 'core.hooksPath',
    plant(clone, canary) {
      mkdirSync(join(clone, 'my-hooks'));
      symlinkSync(canary, join(clone, 'my-hooks/reference-transaction'));
      sh(clone, 'config', 'core.hooksPath', join(clone, 'my-hooks'));
    },
    setOff: 'git update-ref refs/heads/z HEAD',
  },
  config('core.fsmonitor', it, 'git status'),
  attributes(config('filter.x.clean', it, 'git add file.x'), '*.x filter=x'),
  attributes(config('filter.x.smudge', it, 'rm file.x && git checkout file.x'), '*.x filter=x'),
  attributes(config('filter.x.process', it, 'git add file.x'), '*.x filter=x'),
  attributes(config('diff.x.textconv', it, 'git diff'), '*.x diff=x'),
  attributes(config('diff.x.command', it, 'git diff'), '*.x diff=x'),
  attributes(
    config(
      'merge.x.driver',
      it,
      'git checkout -q -f -b y HEAD~1 && echo y > file.x && git add . && git commit -q -m y; git merge cspace/mercury',
    ),
    '*.x merge=x',
  ),
  config('diff.external', it, 'echo x > README.md; git diff'),
  config('core.sshCommand', it, 'git ls-remote ssh://nowhere/x'),
  config('core.gitProxy', it, 'git ls-remote git://127.0.0.1:1/x'),
  config('core.askPass', it, 'printf "protocol=https\\nhost=x\\n\\n" | git credential fill'),
  config(
    'credential.helper',
    (canary) => `!${canary}`,
    'printf "protocol=https\\nhost=x\\n\\n" | git credential fill',
  ),
  config('gpg.program', it, 'git commit -q -S --allow-empty -m x'),
  config('core.editor', it, 'git commit --allow-empty'),
  config(
    'core.alternateRefsCommand',
    it,
    'echo "$(git config remote.host.url)/.git/objects" > .git/objects/info/alternates; git fetch -q host',
  ),
  config('alias.fetch-pack-x', (canary) => `!${canary}`, 'git fetch-pack-x'),
  config('remote.host.uploadpack', it, 'git fetch host'),
  config('remote.host.url', (canary) => `ext::${canary}`, 'git fetch host', [
    ['protocol.ext.allow', 'always'],
  ]),
  config('trailer.x.command', it, 'git interpret-trailers --trailer x=1 README.md', [['trailer.x.key', 'x']]),
  {
    name: 'include.path',
    plant(clone, canary) {
      writeFileSync(join(clone, 'included'), `[core]\n\tfsmonitor = ${canary}\n`);
      sh(clone, 'config', 'include.path', '../included');
    },
    setOff: 'git status',
  },
  {
    name: 'includeIf.gitdir',
    plant(clone, canary) {
      writeFileSync(join(clone, 'included'), `[core]\n\tfsmonitor = ${canary}\n`);
      sh(clone, 'config', 'includeIf.gitdir:/**.path', '../included');
    },
    setOff: 'git status',
  },
  {
    name: 'extensions.worktreeConfig',
    plant(clone, canary) {
      sh(clone, 'config', 'core.repositoryFormatVersion', '1');
      sh(clone, 'config', 'extensions.worktreeConfig', 'true');
      sh(clone, 'config', '--worktree', 'core.fsmonitor', canary);
    },
    setOff: 'git status',
  },
  {
    name: 'a submodule with a git folder of its own',
    plant(clone, canary) {
      const inner = join(clone, 'inner');
      sh(clone, 'init', '--quiet', inner);
      commitFile(inner, 'x', 'x');
      sh(clone, 'add', 'inner');
      sh(clone, 'commit', '--quiet', '-m', 'a repository in it');
      sh(inner, 'config', 'core.fsmonitor', canary);
    },
    setOff: 'git status',
  },
  {
    name: 'a nested bare repository',
    plant(clone, canary) {
      makeEvilGitDir(join(clone, 'nested'), canary);
      sh(join(clone, 'nested'), 'config', 'core.worktree', clone);
    },
    setOff: 'cd nested && git status',
  },
  {
    name: '.git as a file that points elsewhere',
    plant(clone, canary) {
      makeEvilGitDir(join(clone, 'evil'), canary);
      rmSync(join(clone, '.git'), { recursive: true });
      writeFileSync(join(clone, '.git'), 'gitdir: evil\n');
    },
    setOff: 'git status',
    unreadable: true,
  },
  {
    name: '.git as a link that points elsewhere',
    plant(clone, canary) {
      makeEvilGitDir(join(clone, 'evil'), canary);
      renameSync(join(clone, '.git'), join(clone, 'old'));
      symlinkSync('evil', join(clone, '.git'));
    },
    setOff: 'git status',
    unreadable: true,
  },
  {
    name: 'commondir of the git folder',
    plant(clone, canary) {
      makeEvilGitDir(join(clone, 'evil'), canary);
      sh(clone, 'update-ref', 'refs/heads/z', 'HEAD');
      writeFileSync(join(clone, '.git/commondir'), join(clone, 'evil'));
    },
    setOff: 'git status',
  },
];

/** A program that leaves a file beside the clone, and the look whether it has. */
function makeCanary(folder: string) {
  const songs = join(folder, 'songs');
  mkdirSync(songs);
  const program = join(folder, 'canary');
  writeFileSync(program, `#!/bin/sh\n: > "${songs}/$$"\nexit 1\n`);
  chmodSync(program, 0o755);
  return { program, sang: () => readdirSync(songs).length > 0 };
}

/** Everything that the host does with a clone; what it answers is another test's matter. */
async function useEverything(made: SandboxClone): Promise<unknown[]> {
  const outcomes = [];
  for (const call of [() => made.work(), () => made.fetch(), () => made.work(), () => made.reuse()]) {
    outcomes.push(
      await call().then(
        () => 'ok',
        (error: Error) => error.message,
      ),
    );
  }
  return outcomes;
}

for (const trap of TRAPS) {
  test(`a clone runs nothing on the host: ${trap.name}`, async () => {
    const folder = temp();
    const made = await makeSandboxClone(folder);
    commitFile(made.path, 'work.txt', 'work');
    const canary = makeCanary(folder);
    trap.plant(made.path, canary.program);
    // Planting may have set it off: only what comes now counts.
    for (const song of readdirSync(join(folder, 'songs'))) rmSync(join(folder, 'songs', song));
    appendFileSync(join(made.path, 'README.md'), 'changed\n');

    const outcomes = await useEverything(made);
    expect(canary.sang()).toBe(false);
    expect(outcomes.slice(0, 3)).toEqual(
      trap.unreadable ? Array(3).fill(expect.any(String)) : ['ok', 'ok', 'ok'],
    );
    if (!trap.unreadable) {
      expect(sh(made.repository, 'log', '--format=%s', made.branch, '--', 'work.txt')).toBe(
        'change work.txt',
      );
    }
    // The control: with plain git it would have.
    Bun.spawnSync(['sh', '-c', trap.setOff], {
      cwd: made.path,
      timeout: 10_000,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
      env: {
        PATH: process.env.PATH ?? '',
        HOME: '/nonexistent',
        TERM: 'xterm',
        GIT_TERMINAL_PROMPT: '0',
        GIT_CONFIG_NOSYSTEM: '1',
      },
    });
    expect(canary.sang()).toBe(true);
  });
}
