import { expect, test } from 'bun:test';
import type { NetworkInterfaceInfo } from 'node:os';
import { checkBaseUrl } from './anthropic.ts';

const INTERFACES = {
  eth0: [{ address: '192.0.2.7' }, { address: 'fd00::7' }] as NetworkInterfaceInfo[],
};
const check = (url: string) => () => checkBaseUrl(url, 'the environment', INTERFACES);

test.each(['http://192.0.2.7:8080', 'http://[fd00::7]/'])(
  'checkBaseUrl refuses %s, an address of the host, which sandboxes do not reach',
  (url) => expect(check(url)).toThrow('an address of this host'),
);
test.each(['http://192.0.2.70:8080', 'https://model.example.org'])('checkBaseUrl takes %s', (url) =>
  expect(check(url)()).toBe(url),
);
