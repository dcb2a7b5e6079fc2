import { describe, expect, test } from 'bun:test';
import { findObstacle, pickForm, type ResolverFacts } from './pick-form.ts';

const plain: ResolverFacts = {
  nameservers: ['192.0.2.1'],
  sources: ['files', 'dns'],
  resolved: undefined,
  dnsmasq: undefined,
};
const dnsmasq = { folder: '/etc/dnsmasq.d', restart: ['systemctl', 'restart', 'dnsmasq.service'] };
const local = { nameservers: ['127.0.0.1'], dnsmasq };

describe('pickForm', () => {
  test.each<[string, string, Partial<ResolverFacts>]>([
    [
      'resolved',
      'asked by nsswitch',
      { resolved: 252, sources: ['files', 'resolve [!UNAVAIL=return]', 'dns'] },
    ],
    ['resolved', 'asked by its stub', { resolved: 252, nameservers: ['127.0.0.53'] }],
    ['hosts', 'running, but asked by nobody', { resolved: 252 }],
    ['hosts', 'asked only behind dns', { resolved: 252, sources: ['dns', 'resolve'] }],
    ['hosts', 'too old for ports', { resolved: 245, nameservers: ['127.0.0.53'] }],
    ['dnsmasq', 'dnsmasq with a folder', local],
    [
      'resolved',
      'dnsmasq and resolved that is asked first',
      { ...local, resolved: 252, sources: ['resolve'] },
    ],
    ['hosts', 'dnsmasq without a folder', { ...local, dnsmasq: { ...dnsmasq, folder: undefined } }],
    [
      'hosts',
      'dnsmasq that somebody runs by hand',
      { ...local, dnsmasq: { ...dnsmasq, restart: undefined } },
    ],
    ['hosts', 'neither', {}],
  ])('%s: %s', (form, _, facts) => expect(pickForm({ ...plain, ...facts }).form).toBe(form as never));

  test('says of hosts why nothing better serves', () =>
    expect(pickForm({ ...plain, resolved: 252 }).why).toBe(
      'systemd-resolved runs, but the programs of this host do not ask it; no dnsmasq of this host answers at its name server 192.0.2.1',
    ));
});

test('findObstacle: the hosts file always serves, others where they are', () => {
  expect(findObstacle('hosts', plain)).toBeUndefined();
  expect(findObstacle('resolved', plain)).toBe('systemd-resolved does not run');
  expect(findObstacle('dnsmasq', { ...plain, ...local })).toBeUndefined();
});
