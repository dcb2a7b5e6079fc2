import { expect, test } from 'bun:test';
import { getSshConfig, parseSshHost } from './config.ts';

test('getSshConfig: odd paths come through ssh and the shell as they are', () => {
  const config = getSshConfig({ self: ["/opt/it's 100%/cspace"], home: '/home/a b', key: '/home/a b/50%' });
  expect(config).toStartWith('Host *.cspace2.local *.cspace.test\n');
  expect(config).toContain(
    "  ProxyCommand 'env' 'CSPACE_HOME=/home/a b' '/opt/it'\\''s 100%%/cspace' 'ssh-proxy' %h\n",
  );
  expect(config).toContain('  IdentityFile "/home/a b/50%%"\n');
});

test.each([
  ['mercury.shop.cspace2.local', 'shop/mercury'],
  ['api.Mercury.shop.cspace.test.', 'shop/mercury'],
  ['mercury.cspace2.local', undefined],
  ['cspace2.local', undefined],
  ['mercury.shop.example.org', undefined],
])('parseSshHost: %s', (host, expected) => {
  const ref = parseSshHost(host);
  expect(ref && `${ref.project}/${ref.sandbox}`).toBe(expected as string);
});
