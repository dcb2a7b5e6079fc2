import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import { refuseMac } from './start-daemon.ts';

function refuse(host: { arch?: string; release?: string; uid?: number }) {
  try {
    return refuseMac({ arch: 'arm64', release: '25.1.0', uid: 501, ...host });
  } catch (error) {
    return toProblem(error);
  }
}

test('refuseMac: nothing on macOS 26 with Apple silicon', () => expect(refuse({})).toBeUndefined());
test.each([
  ['Intel', { arch: 'x64' }, 'this cspace is built for Intel'],
  ['macOS 15', { release: '24.5.0' }, 'this macOS is older than 26'],
  ['root', { uid: 0 }, 'on a Mac nothing of cspace runs as root but dns install'],
])('refuseMac: %s, with the reason', (_, host, message) =>
  expect(refuse(host)).toMatchObject({ code: 'host-unsupported', message, why: expect.any(String) }),
);
