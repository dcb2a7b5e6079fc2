import { describe, expect, test } from 'bun:test';
import { describePort } from './list-ports.ts';
import type { PortAnswer } from './probe-port.ts';

const where = { domain: 'mercury.shop.cspace2.local', address: '192.168.64.2' };
const describeAt = (port: number, answer: PortAnswer | undefined, unreachable?: string) =>
  describePort(
    { port, protocol: 'tcp', addresses: ['*'], process: null, pid: null, unreachable },
    where,
    answer,
  );
const http: PortAnswer = { speaks: 'http', takesName: true };

describe('describePort', () => {
  test.each([
    [3000, http, 'http://mercury.shop.cspace2.local:3000/'],
    [80, http, 'http://mercury.shop.cspace2.local/'],
    [443, http, 'http://mercury.shop.cspace2.local:443/'],
    [443, { speaks: 'https' }, 'https://mercury.shop.cspace2.local/'],
    [8443, { speaks: 'https' }, 'https://mercury.shop.cspace2.local:8443/'],
    [80, { speaks: 'https' }, 'https://mercury.shop.cspace2.local:80/'],
    [5432, { speaks: 'unknown', why: 'x' }, 'http://mercury.shop.cspace2.local:5432/'],
    [443, { speaks: 'unknown', why: 'x' }, 'https://mercury.shop.cspace2.local/'],
    [9222, { speaks: 'http', takesName: false }, 'http://192.168.64.2:9222/'],
  ] as [number, PortAnswer, string][])('port %d, %j: %s', (port, answer, url) => {
    expect(describeAt(port, answer)).toMatchObject({ url, speaks: answer.speaks, reachable: true });
  });

  test('what cannot be connected to, or is not to be, has no URL but a reason', () => {
    const none = { url: null, speaks: null, reachable: false };
    expect(describeAt(80, { speaks: null, why: 'refused' })).toMatchObject({ ...none, reason: 'refused' });
    expect(describeAt(80, undefined, 'bound')).toMatchObject({ ...none, reason: 'bound' });
  });

  test('what was not asked is reachable and has no URL', () => {
    expect(describeAt(80, undefined)).toMatchObject({ url: null, speaks: null, reachable: true });
  });
});
