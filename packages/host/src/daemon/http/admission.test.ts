import { expect, test } from 'bun:test';
import { getRefusal, type Incoming } from './admission.ts';

const HOST = { audience: 'host', address: '127.0.0.1', port: 6280 } as const;
const GATEWAY = { audience: 'sandboxes', address: '192.168.64.1', port: 6280 } as const;

const plain: Incoming = {
  method: 'GET',
  target: '/sandboxes',
  hosts: ['127.0.0.1:6280'],
  origin: undefined,
  site: undefined,
};

test.each([
  [{}, undefined],
  [{ method: 'POST' }, undefined],
  [{ hosts: ['localhost'] }, undefined],
  [{ hosts: ['LocalHost:6280'] }, undefined],
  [{ hosts: [] }, 'usage'],
  [{ hosts: ['127.0.0.1', '127.0.0.1'] }, 'usage'],
  [{ target: 'http://127.0.0.1/' }, 'usage'],
  [{ target: '*' }, 'usage'],
  [{ hosts: ['192.168.64.1'] }, 'wrong-host'],
  [{ hosts: ['127.0.0.1:80'] }, 'wrong-host'],
  [{ hosts: ['mercury.shop.cspace2.local'] }, 'wrong-host'],
  [{ origin: 'http://127.0.0.1:6280' }, undefined],
  [{ origin: 'http://127.0.0.1' }, 'foreign-origin'],
  [{ origin: 'http://localhost:6280' }, 'foreign-origin'],
  [{ origin: 'null' }, 'foreign-origin'],
  [{ origin: '' }, 'foreign-origin'],
  [{ site: 'none' }, undefined],
  [{ site: 'same-origin' }, undefined],
  [{ site: 'same-site' }, 'foreign-origin'],
  [{ site: 'cross-site' }, 'foreign-origin'],
  [{ method: 'OPTIONS' }, 'method-not-allowed'],
  [{ method: 'OPTIONS', origin: 'http://evil.example' }, 'foreign-origin'],
] as const)('getRefusal: %j on loopback is %p', (incoming, code) => {
  expect(getRefusal({ ...plain, ...incoming }, HOST)?.code).toBe(code);
});

test.each([
  ['192.168.64.1:6280', undefined],
  ['192.168.64.1', undefined],
  ['localhost:6280', 'wrong-host'],
  ['127.0.0.1:6280', 'wrong-host'],
] as const)('getRefusal: the name %s on the gateway is %p', (host, code) => {
  expect(getRefusal({ ...plain, hosts: [host] }, GATEWAY)?.code).toBe(code);
});
