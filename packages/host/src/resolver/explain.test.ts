import { expect, test } from 'bun:test';
import { explainMiss } from './explain.ts';
import type { FormName } from './form.ts';

const explain = (sources: string[], form: FormName, address: string | null = null) =>
  explainMiss({ name: 'mercury.shop.cspace2.local', expected: '192.168.64.2', address }, form, {
    nameservers: ['127.0.0.53'],
    sources,
    resolved: 252,
    dnsmasq: undefined,
  }).why;

const MDNS = 'mdns4 [NOTFOUND=return]';

test.each<[string, string[], FormName, string]>([
  [
    'multicast DNS before the one that is asked',
    ['files', MDNS, 'dns'],
    'dnsmasq',
    'takes .local for multicast DNS',
  ],
  ['multicast DNS behind it', ['files', 'resolve', MDNS], 'resolved', 'was not found'],
  ['multicast DNS behind files', ['files', MDNS, 'dns'], 'hosts', 'was not found'],
  ['files not asked', ['dns'], 'hosts', 'nobody reads /etc/hosts'],
])('explainMiss: %s', (_, sources, form, why) => expect(explain(sources, form)).toContain(why));
test('explainMiss: another address is named', () =>
  expect(explain(['files', 'dns'], 'hosts', '10.0.0.9')).toContain('is 10.0.0.9 here, not 192.168.64.2'));
