import { expect, test } from 'bun:test';
import { ProblemError, toProblem } from '@cspace/protocol/problem';
import type { SandboxView } from '@cspace/protocol/sandbox';
import { getRecord } from '../../../test/support/fake-house.ts';
import { getView } from '../../sandbox/view.ts';
import type { Caller } from './callers.ts';
import { narrowProblem, narrowView } from './narrow.ts';

const record = getRecord('shop/mercury', '192.168.64.2');
const sandbox: Caller = { audience: 'sandboxes', name: 'shop/mercury', record };
const host: Caller = { audience: 'host', name: 'host' };
const logged: string[] = [];
const log = { info: () => {}, error: (message: string) => void logged.push(message) };
const broken: SandboxView = { ...getView(record), state: 'broken', reason: "EACCES: open '/home/ada/x'" };

test('narrowView: a sandbox is told no path of the host, not even in a reason', () => {
  expect(narrowView(broken, sandbox)).toEqual({
    ...broken,
    repository: null,
    reason: 'its record cannot be read',
  });
  const exited: SandboxView = { ...broken, state: 'exited', reason: 'out of memory' };
  expect(narrowView(exited, sandbox).reason).toBe('out of memory');
  expect(narrowView(broken, host)).toEqual(broken);
});

const tell = (error: unknown, caller: Caller) => toProblem(narrowProblem(error, caller, log));

test('narrowProblem: what a bug says goes to the log, not to a sandbox', () => {
  const bug = new Error("ENOENT: open '/home/ada/x'");
  expect(JSON.stringify(tell(bug, sandbox))).not.toContain('ada');
  expect(tell(bug, sandbox).code).toBe('internal');
  expect(logged.join()).toContain('/home/ada/x');
  expect(tell(bug, host).message).toContain('/home/ada/x');
});

test('narrowProblem: why a record is broken is the host’s; other problems are told as they are', () => {
  const problem = {
    code: 'sandbox-broken',
    message: 'the record cannot be read',
    why: '/home/ada/x',
  } as const;
  expect(tell(new ProblemError(problem), sandbox)).toEqual({ code: problem.code, message: problem.message });
  expect(tell(new ProblemError(problem), host)).toEqual(problem);
  const usual = { code: 'sandbox-not-running', message: 'mars is stopped', why: 'out of memory' } as const;
  expect(tell(new ProblemError(usual), sandbox)).toEqual(usual);
});
