import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getResolvConf, getUpstreamConf, parseHostResolver, readHostResolver } from './guest-dns.ts';

const upstream = (text: string) => parseHostResolver(text).upstream;
const search = (text: string) => parseHostResolver(text).search;

test('parseHostResolver: servers in their order, each once, comments and options left out', () =>
  expect(
    upstream('# x\nnameserver 10.0.0.1\n nameserver\t10.0.0.2 \noptions ndots:5\nnameserver 10.0.0.1\n'),
  ).toEqual(['10.0.0.1', '10.0.0.2']));
test.each(['127.0.0.53', '127.0.0.1', '0.0.0.0', '::1', 'fe80::1%eth0', '2001:db8::1', '', 'x'])(
  'parseHostResolver: %j answers no sandbox',
  (server) => expect(upstream(`nameserver ${server}\n`)).toEqual([]),
);
test('parseHostResolver: the last search or domain counts, the root is none', () => {
  expect(search('search a.example\ndomain b.example\n')).toEqual(['b.example']);
  expect(search('domain b.example\nsearch c.example d.example\n')).toEqual(['c.example', 'd.example']);
  expect(search('search .\n')).toEqual([]);
  expect(search('')).toEqual([]);
});
test('getResolvConf: the project first, then what the host searches, six at most', () => {
  const at = (domains: string[]) => getResolvConf('shop', { upstream: [], search: domains });
  expect(at(['corp.example'])).toStartWith(
    'nameserver 127.0.0.1\nsearch shop.cspace2.local corp.example\noptions ',
  );
  expect(at(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toContain('search shop.cspace2.local a b c d e\n');
});
test('getUpstreamConf: a line for each server, nothing where there is none', () => {
  expect(getUpstreamConf({ upstream: ['10.0.0.1', '10.0.0.2'], search: [] })).toBe(
    'nameserver 10.0.0.1\nnameserver 10.0.0.2\n',
  );
  expect(getUpstreamConf({ upstream: [], search: [] })).toBe('');
});

test('readHostResolver reads what a link leads to, and nothing where there is no file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-resolv-'));
  writeFileSync(join(folder, 'real'), 'nameserver 192.0.2.53\n');
  symlinkSync('real', join(folder, 'resolv.conf'));
  expect((await readHostResolver(join(folder, 'resolv.conf'))).upstream).toEqual(['192.0.2.53']);
  expect((await readHostResolver(join(folder, 'missing'))).upstream).toEqual([]);
  rmSync(folder, { recursive: true });
});
