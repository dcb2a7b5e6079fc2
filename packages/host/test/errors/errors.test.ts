import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Problem, ProblemError } from '@cspace/protocol/problem';
import { getMissingProblem } from '../../src/cli/offer-setup.ts';
import { formatProblem } from '../../src/cli/output/problem.ts';
import { findPort, findWebPorts, getSeveralProblem } from '../../src/cli/pick-port.ts';
import { getNeedsRootProblem } from '../../src/client/sudo.ts';
import { toBuildProblem } from '../../src/image/build-problem.ts';
import type { SandboxRecord } from '../../src/registry/record.ts';
import type { House } from '../../src/sandbox/house.ts';
import { getSupervisor } from '../../src/sandbox/machine.ts';
import { refuseToLose } from '../../src/sandbox/remove.ts';
import { readSecretsFile } from '../../src/secrets/secrets-file.ts';
import { getOwner } from '../../src/system/owner.ts';
import { callCli } from '../support/cli-context.ts';

/** Stands for the test's own folder in what is shown, so that it is the same everywhere. */
const SHOWN = '/home/ada';
let folder: string;
let home: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'cspace-errors-')));
  home = join(folder, '.cspace');
  await mkdir(home);
});
afterAll(() => rm(folder, { recursive: true }));

/** As it stands on a terminal of 80 columns, but for the colours. */
function show(problem: Problem): string {
  const shown = JSON.parse(JSON.stringify(problem).replaceAll(folder, SHOWN)) as Problem;
  return formatProblem(shown, { colours: false, columns: 80 });
}

/** What the command line tells in a folder. */
async function tell(argv: string[], cwd = folder): Promise<Problem> {
  const env = { CSPACE_HOME: home, HOME: folder };
  const { stdout } = await callCli([...argv, '--json'], { cwd, env });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').problem;
}

async function catchProblem(work: () => unknown): Promise<Problem> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('nothing was thrown');
}

async function makeRepository(name: string, ...args: string[]): Promise<string> {
  const path = join(folder, name);
  const made = Bun.spawnSync(['git', 'init', '-q', ...args, path], {
    env: { PATH: process.env.PATH ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    timeout: 10_000,
  });
  expect(made.exitCode).toBe(0);
  return path;
}

const stopped = { project: 'shop', sandbox: 'mercury', state: 'stopped', address: null } as SandboxRecord;

const mercury = { project: 'shop', sandbox: 'mercury' };
const vite = {
  port: 3000,
  protocol: 'tcp' as const,
  addresses: ['127.0.0.1'],
  process: 'node',
  pid: 12,
  reachable: true,
  speaks: 'http' as const,
  url: 'http://mercury.shop.cspace2.local:3000/',
};
const hidden = { ...vite, reachable: false, reason: 'bound to ::1 alone; bind 127.0.0.1', url: null };

const CASES: Record<string, () => Promise<Problem> | Problem> = {
  'outside of a repository': async () => {
    await mkdir(join(folder, 'plain'));
    return tell(['up', 'mercury'], join(folder, 'plain'));
  },
  'in a bare repository': async () => tell(['up', 'mercury'], await makeRepository('shop.git', '--bare')),
  'in a repository without a commit': async () => tell(['up', 'mercury'], await makeRepository('shop')),
  'a bad name': () => tell(['up', 'My_Sandbox']),
  'an unknown flag': () => tell(['up', '--fast']),
  'no such sandbox': () => tell(['logs', 'shop/venus']),
  'a mistake in the configuration': async () => {
    const repository = await makeRepository('configured');
    await writeFile(join(repository, '.cspace.json'), '{\n  "limts": {"cpus": 2},\n  "network": "open"\n}\n');
    return tell(['down', 'mercury'], repository);
  },
  'packages are missing': () =>
    getMissingProblem(
      [
        { ok: false, what: 'podman is not installed', packages: ['podman'] },
        { ok: true, what: 'Linux 6.1.0' },
        { ok: false, what: 'nft is not installed', why: 'it is needed to let sandboxes out to the network' },
        { ok: false, what: 'no KVM', optional: true },
      ],
      'podman',
    ),
  'no root': () =>
    getNeedsRootProblem(['/usr/local/bin/cspace', 'daemon', 'start', '--home', '/home/ada/.cspace'], {
      purpose: 'machines need root on Linux: starting the daemon',
      stderr: 'sudo: a password is required\n',
    }),
  'work would be lost': () =>
    catchProblem(() =>
      refuseToLose(stopped, {
        commits: 2,
        stashes: 0,
        changed: ['src/main.ts'],
        untracked: ['notes.md', 'a', 'b', 'c'],
      }),
    ),
  'the sandbox is stopped': () => catchProblem(() => getSupervisor({} as House, stopped)),
  'nothing listens on the port': () => catchProblem(() => findPort(mercury, [vite], 4000)),
  'the port is not reachable': () => catchProblem(() => findPort(mercury, [hidden], 3000)),
  'nothing speaks HTTP': () => catchProblem(() => findWebPorts(mercury, [])),
  'several ports speak HTTP': () => getSeveralProblem(mercury, [vite, { ...vite, port: 8080 }]).problem,
  'secrets that others can read': async () => {
    const path = join(home, 'secrets.env');
    await writeFile(path, 'ANTHROPIC_API_KEY=x\n');
    await chmod(path, 0o644);
    return catchProblem(() => readSecretsFile(path, getOwner({})));
  },
  'the image cannot be built': () => {
    const error = new ProblemError({ code: 'image-build-failed', message: 'podman build failed' });
    const lines = [
      'STEP 7/31: RUN apt-get update',
      'Err:1 http://deb.debian.org/debian trixie InRelease',
      '  Temporary failure resolving deb.debian.org',
    ];
    return catchProblem(() => {
      throw toBuildProblem(error, lines, new AbortController().signal);
    });
  },
};

describe('errors as they are shown', () => {
  test.each(Object.keys(CASES))('%s', async (name) => {
    const text = show((await CASES[name]?.()) as Problem);
    expect(text).toMatchSnapshot();
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain('\n  fix: ');
  });
});

describe('formatProblem', () => {
  test('takes escape sequences out of what others wrote', () => {
    const text = show({
      code: 'failed',
      message: 'a\u001b[2Jb',
      why: '\u001b]0;x\u0007c',
      fix: 'cspace \u009b2Jls',
    });
    expect(text).toBe('error: ab\n  c\n  fix: cspace ls\n');
  });

  test('wraps sentences and leaves a command on one line', () => {
    const long = 'word '.repeat(30).trim();
    const text = show({ code: 'failed', message: long, why: long, fix: `git ${long}` });
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([`  fix: git ${long}`]);
  });
});
