import { expect, test } from 'bun:test';
import { getResolverFiles, hasResolver, isOurs, parseHostAddress } from './mac-files.ts';

const TARGET = { home: '/Users/ada/.cspace', homeLabel: '0123456789ab', uid: 501, port: 5354 };

/** As scutil(8) prints it. */
const SCUTIL = `DNS configuration

resolver #1
  nameserver[0] : 192.168.1.1
  if_index : 14 (en0)
  reach    : 0x00020002 (Reachable,Directly Reachable Address)

resolver #2
  domain   : local
  options  : mdns
  timeout  : 5

resolver #8
  domain   : cspace2.local
  nameserver[0] : 127.0.0.1
  port     : 5354
  timeout  : 2
  flags    : Request A records, Request AAAA records
  reach    : 0x00030002 (Reachable,Local Address,Directly Reachable Address)

DNS configuration (for scoped queries)
`;

test('getResolverFiles: a file for each zone, marked as ours, with the port', () => {
  const files = getResolverFiles(TARGET);
  expect(files.map(({ zone }) => zone)).toEqual(['cspace2.local', 'cspace.test']);
  for (const { text } of files) {
    expect(isOurs(text)).toBe(true);
    expect(text).toContain('\nnameserver 127.0.0.1\nport 5354\n');
  }
});
test('getResolverFiles: a home with a line feed in its name adds no line', () =>
  expect(getResolverFiles({ ...TARGET, home: '/a\nnameserver 1.2.3.4' })[0]?.text).not.toMatch(
    /^nameserver 1\.2/m,
  ));
test('hasResolver: by domain, address and port together', () => {
  expect(hasResolver(SCUTIL, 'cspace2.local', 5354)).toBe(true);
  expect(hasResolver(SCUTIL, 'cspace2.local', 5355)).toBe(false);
  expect(hasResolver(SCUTIL, 'cspace.test', 5354)).toBe(false);
  expect(hasResolver(SCUTIL, 'local', 5354)).toBe(false);
});
test('parseHostAddress: of dscacheutil', () => {
  expect(parseHostAddress('name: a.cspace.test\nip_address: 192.168.64.3\n\n')).toBe('192.168.64.3');
  expect(parseHostAddress('')).toBeUndefined();
});
