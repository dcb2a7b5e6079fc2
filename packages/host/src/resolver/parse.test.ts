import { expect, test } from 'bun:test';
import {
  parseDnsmasqArgv,
  parseDnsmasqConf,
  parseHostSources,
  parseListening,
  parseNameservers,
  parseService,
} from './parse.ts';

test('parseNameservers: in order, comments left out', () =>
  expect(
    parseNameservers('# nameserver 1.1.1.1\nsearch lan\nnameserver 192.0.2.1\nnameserver\t::1\n'),
  ).toEqual(['192.0.2.1', '::1']));
test('parseNameservers: without one the C library asks loopback', () =>
  expect(parseNameservers('search lan\n')).toEqual(['127.0.0.1']));

test.each([
  ['passwd: files\n', ['files', 'dns']],
  ['hosts: files dns # and no more\n', ['files', 'dns']],
  [
    '  hosts:\tfiles mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns\n',
    ['files', 'mdns4_minimal [NOTFOUND=return]', 'resolve [!UNAVAIL=return]', 'dns'],
  ],
])('parseHostSources of %p', (text, sources) => expect(parseHostSources(text)).toEqual(sources));

test('parseListening: those on port 53, with the program where it shows', () =>
  expect(
    parseListening(
      [
        'UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=7,fd=13))',
        'UNCONN 0 0 0.0.0.0:53 0.0.0.0:*',
        'UNCONN 0 0 [::1]:53 [::]:* users:(("dnsmasq",pid=12,fd=4))',
        'UNCONN 0 0 127.0.0.1:5353 0.0.0.0:* users:(("avahi-daemon",pid=9,fd=12))',
        '',
      ].join('\n'),
    ),
  ).toEqual([
    { address: '127.0.0.53', program: 'systemd-resolve', pid: 7 },
    { address: '0.0.0.0', program: undefined, pid: undefined },
    { address: '::1', program: 'dnsmasq', pid: 12 },
  ]));

test.each([
  [
    '-x /run/dnsmasq/dnsmasq.pid -7 /etc/dnsmasq.d,.dpkg-dist,.dpkg-old',
    '/etc/dnsmasq.conf',
    '/etc/dnsmasq.d',
  ],
  [
    '--conf-file=/dev/null --conf-dir=/etc/NetworkManager/dnsmasq.d',
    '/dev/null',
    '/etc/NetworkManager/dnsmasq.d',
  ],
  ['-C /etc/other.conf', '/etc/other.conf', undefined],
])('parseDnsmasqArgv of %s', (argv, file, folder) => {
  const parsed = parseDnsmasqArgv(argv.split(' '));
  expect([parsed.file, parsed.folders[0]]).toEqual([file, folder]);
});
test('parseDnsmasqConf: conf-dir lines, not those in comments', () =>
  expect(parseDnsmasqConf('#conf-dir=/no\nconf-dir=/etc/dnsmasq.d/,*.conf\nport=0\n')).toEqual([
    '/etc/dnsmasq.d/',
  ]));

test('parseService: the service of a process, none of a session', () => {
  expect(parseService('0::/system.slice/dnsmasq.service\n')).toBe('dnsmasq.service');
  expect(parseService('0::/user.slice/user-0.slice/session-1.scope\n')).toBeUndefined();
});
