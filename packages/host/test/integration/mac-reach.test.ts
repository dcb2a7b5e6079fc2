import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeReach } from '../../src/setup/reach.ts';
import { writeStandIns } from '../support/mac/stand-ins.ts';
import { getLabReason } from '../support/network-lab.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getLabReason();
const test = testUnless(reason);
const ROUTE = ['unreachable', '10.211.9.0/24'];
const ADDRESS = '10.211.9.3';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-reach-'));
  // What a Mac's connect(2) says too.
  if (reason === undefined) Bun.spawnSync(['ip', 'route', 'add', ...ROUTE]);
});
afterAll(() => {
  if (reason === undefined) Bun.spawnSync(['ip', 'route', 'del', ...ROUTE]);
  rmSync(folder, { recursive: true, force: true });
});

function probe(via: string) {
  const route = `[ "$*" = "-n get ${ADDRESS}" ] && printf '  interface: %s\\n' ${via}`;
  const { path } = writeStandIns(folder, { route });
  return probeReach({ address: ADDRESS, path, platform: 'darwin', signal: AbortSignal.timeout(30_000) });
}

test('probeReach: no route though it leads to the bridge of machines is Local Network privacy', async () =>
  expect(await probe('bridge100')).toMatchObject({
    ok: false,
    what: `sandboxes run, but cspace does not reach them: no route to ${ADDRESS}`,
    why: expect.stringContaining('Privacy & Security, Local Network'),
  }));
test('probeReach: no route that leads into a tunnel is a VPN', async () =>
  expect(await probe('utun4')).toMatchObject({ ok: false, why: expect.stringContaining('utun4') }));
