import { expect, test } from 'bun:test';
import type { SandboxView } from '@cspace/protocol/sandbox';
import { getRecord } from '../../../test/support/fake-house.ts';
import { getView } from '../../sandbox/view.ts';
import { narrowProblem, narrowView } from './narrow.ts';

const view = getView(getRecord('shop/mercury', '192.168.64.2'));
const broken: SandboxView = { ...view, state: 'broken', reason: "EACCES: open '/home/ada/x'" };

test('narrowView: a sandbox is told no path of the host, not even in a reason', () => {
  const reason = 'its record cannot be read';
  expect(narrowView(broken, 'sandboxes')).toEqual({ ...broken, repository: null, reason });
  const exited: SandboxView = { ...broken, state: 'exited', reason: 'out of memory' };
  expect(narrowView(exited, 'sandboxes').reason).toBe('out of memory');
  expect(narrowView(broken, 'host')).toEqual(broken);
});

test('narrowProblem: what a bug says, and why a record is broken, is the host’s', () => {
  const bug = { code: 'internal', message: "unexpected: ENOENT: open '/home/ada/x'" } as const;
  expect(narrowProblem(bug, 'sandboxes')).toEqual({
    code: 'internal',
    message: 'the daemon failed; its log on the host says how',
  });
  expect(narrowProblem(bug, 'host')).toEqual(bug);
  const record = { code: 'sandbox-broken', message: 'it cannot be read', why: '/home/ada/x' } as const;
  expect(narrowProblem(record, 'sandboxes')).toEqual({ code: record.code, message: record.message });
  expect(narrowProblem(record, 'host')).toEqual(record);
});

test('narrowProblem: other problems are told as they are', () => {
  const usual = { code: 'sandbox-not-running', message: 'mars is stopped', why: 'out of memory' } as const;
  expect(narrowProblem(usual, 'sandboxes')).toEqual(usual);
});
