import { expect, test } from 'bun:test';
import type { RunResult } from '../../system/exec.ts';
import { classify, type Failure, getEngineProblem } from './failure.ts';

/** The texts of the real program, as its sources have them. */
const TEXTS: [Failure, string][] = [
  ['exists', 'Error: exists: "container with id cspace-a--b already exists"'],
  ['exists', 'Error: hostname(s) already exist: ["cspace-a--b"]'],
  ['exists', "Error: volume 'v' already exists"],
  ['not-found', 'Error: notFound: "container not found: x"'],
  ['not-found', 'Error: notFound: "get failed: container x not found"'],
  [
    'not-found',
    'Error: internalError: "failed to delete container" (cause: "notFound: \\"container with ID x not found\\"")',
  ],
  ['not-running', 'Error: invalidState: "container x is not running"'],
  ['in-use', "Error: volume 'v' is currently in use"],
  [
    'service-down',
    'Error: interrupted: "XPC connection error: Connection invalid"\nEnsure container system service has been started with `container system start`.',
  ],
  ['service-down', 'apiserver is not running and not registered with launchd'],
  ['other', 'Error: invalidState: "container x can not be deleted"'],
];
test.each(TEXTS)('classify: %s: %s', (failure, stderr) =>
  expect(classify({ stderr, stdout: '' })).toBe(failure),
);

const FAILED: RunResult = {
  ok: false,
  exitCode: 1,
  signal: undefined,
  timedOut: false,
  cancelled: false,
  tooMuch: false,
  notFound: false,
  stdout: '',
  stderr: '',
  command: 'container ls',
};
const problem = (change: Partial<RunResult>) => getEngineProblem('try', { ...FAILED, ...change }).problem;

test('getEngineProblem: a service that is down is told with the command that starts it', () =>
  expect(problem({ stderr: 'Error: interrupted: "XPC connection error"' })).toMatchObject({
    code: 'engine-missing',
    fix: 'container system start --enable-kernel-install',
  }));
test('getEngineProblem: not installed', () =>
  expect(problem({ notFound: true })).toMatchObject({ code: 'engine-missing' }));
test('getEngineProblem: cut off', () =>
  expect(problem({ cancelled: true })).toMatchObject({ code: 'interrupted' }));
test('getEngineProblem: its own words are the reason', () =>
  expect(problem({ stderr: 'Error: unknown: "odd"' })).toMatchObject({
    code: 'machine-failed',
    why: 'Error: unknown: "odd"',
  }));
