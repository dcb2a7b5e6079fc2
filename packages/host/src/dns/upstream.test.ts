import { expect, test } from 'bun:test';
import { parseHostOnlyServers } from './upstream.ts';

test.each([
  ['systemd-resolved', '# stub\nnameserver 127.0.0.53\noptions edns0 trust-ad\n', ['127.0.0.53']],
  ['dnsmasq, IPv6 too', 'nameserver 127.0.0.1\nnameserver ::1\n', ['127.0.0.1', '::1']],
  ['IPv6 alone', 'nameserver fd00::53\n', ['fd00::53']],
  ['one that sandboxes reach', 'nameserver 127.0.0.53\nnameserver 192.0.2.53\n', []],
  ['none', 'search example.org\n', []],
  ['what is none', 'nameserver example.org\n#nameserver 127.0.0.1\nnameservers 127.0.0.1\n', []],
])('parseHostOnlyServers: %s', (_, text, expected) => {
  expect(parseHostOnlyServers(text).map(({ address }) => address)).toEqual(expected);
});
