import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createDnsmasqHost } from '../support/dnsmasq-host.ts';
import { startFakeUpstream, UPSTREAM, UPSTREAM_ANSWER } from '../support/fake-upstream.ts';
import type { PrivateHost } from '../support/private-host.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, type World } from '../support/world.ts';

const obstacle =
  process.getuid?.() !== 0
    ? 'needs root'
    : Bun.which('dnsmasq') === null
      ? 'dnsmasq is missing: apt-get install dnsmasq-base'
      : undefined;
const test = testUnless(obstacle);

/** Known to the host's stub alone. */
const STUB = { name: 'www.world.example', answer: '198.51.100.77' };

let host: PrivateHost;
let world: World;
let stopUpstream: () => Promise<void>;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  stopUpstream = await startFakeUpstream();
  host = await createDnsmasqHost();
  writeFileSync(join(host.etc, 'dnsmasq.d/world.conf'), `address=/world.example/${STUB.answer}\n`);
  expect(await host.run(['/etc/init.d/dnsmasq', 'restart'])).toMatchObject({ code: 0 });
  world = createWorld({
    command: [...host.enter, process.execPath, join(import.meta.dir, '../../src/main.ts')],
  });
});
afterAll(async () => {
  await world?.dispose();
  await host?.dispose();
  await stopUpstream?.();
});

/** By glibc and the guest's resolver. */
async function look(from: string, name: string): Promise<string> {
  const { stdout } = await world.cspace(['exec', from, '--', 'getent', 'ahostsv4', name]);
  return /^\S*/.exec(stdout)?.[0] ?? '';
}

/** A sandbox made while the host has these name servers; what it was told of them. */
async function upWith(servers: string[], sandbox: string): Promise<string> {
  writeFileSync(join(host.etc, 'resolv.conf'), servers.map((server) => `nameserver ${server}\n`).join(''));
  expect(await world.cspace(['up', sandbox])).toMatchObject({ code: 0 });
  return readFileSync(join(world.home, 'machines/shop', sandbox, 'run/upstream.conf'), 'utf8');
}

describe('names of the world', () => {
  test('where the host has but a stub on loopback, it is asked by way of the daemon', async () => {
    expect(await upWith(['127.0.0.1'], 'venus')).toBe('');
    expect(await look('venus', STUB.name)).toBe(STUB.answer);
  });

  test('where the host has a name server that sandboxes reach, they ask it themselves', async () => {
    expect(await upWith(['127.0.0.1', UPSTREAM], 'mercury')).toBe(`nameserver ${UPSTREAM}\n`);
    expect(await look('mercury', 'www.example.org')).toBe(UPSTREAM_ANSWER);
  });
});
