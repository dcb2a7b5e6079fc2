import { expect, test } from 'bun:test';
import { getInstallArgv, getPackages } from './plan.ts';

test('getPackages: those of what is missing, each once, in order', () =>
  expect(
    getPackages([
      { ok: false, what: 'podman is not installed', packages: ['podman'] },
      { ok: true, what: 'nft', packages: ['nftables'] },
      { ok: false, what: 'nsenter is not installed', packages: ['util-linux'] },
      { ok: false, what: 'setpriv is not installed', packages: ['util-linux'] },
      { ok: false, what: 'Linux 4.19 is too old' },
    ]),
  ).toEqual(['podman', 'util-linux']));
test('getInstallArgv asks nothing and takes no recommended package', () =>
  expect(getInstallArgv(['podman', 'crun']).join(' ')).toBe(
    'apt-get install -y --no-install-recommends podman crun',
  ));
