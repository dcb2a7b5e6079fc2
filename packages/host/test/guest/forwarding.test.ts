// The guest's rules and relay without a machine around them: a regression shows in seconds. The same in real sandboxes is
// test/e2e/forwarding.test.ts.
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byBoth, order, tryAll, waitForAll, waitForAnswers } from '../support/forwarding/drive.ts';
import { KEPT_PORTS } from '../support/forwarding/matrix.ts';
import {
  ADDRESS,
  GATEWAY,
  getReason,
  makeNamespaces,
  type Namespaces,
  type Way,
} from '../support/forwarding/namespaces.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getReason();
const test = testUnless(reason);
const HOST = { host: ADDRESS, peer: GATEWAY, itself: false };
const TARGET = { host: ADDRESS, port: 3500 };

const RELAYED = 'cspace: servers on 127.0.0.1 are reached by a relay: ';
const SAYS: Record<Way, string> = {
  direct: '',
  relay: `${RELAYED}route_localnet is not set\n`,
  polled: `${RELAYED}the kernel takes no such rules: Error: no such expression\n`,
};

describe.each(['direct', 'relay', 'polled'] as const)('forwarding, %s', (way) => {
  let folder: string;
  let spaces: Namespaces;
  if (reason === undefined) {
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'forwarding-'));
      spaces = await makeNamespaces(way, folder);
      await waitForAll(spaces.place, HOST, spaces.fromHost);
    });
    afterAll(async () => {
      await spaces.dispose();
      rmSync(folder, { recursive: true });
    });
  }

  const seenFromHost = (bind: string) =>
    Array(2).fill(`${bind} ${way !== 'direct' && bind === '127.0.0.1' ? '127.0.0.1' : GATEWAY} 5`);
  const seenFromItself = (bind: string) => Array(2).fill(`${bind} ${ADDRESS} 5`);
  const change = async (verb: 'open' | 'close', bind: string) => {
    const specs = (['tcp', 'udp'] as const).map((kind) => ({ kind, bind, port: TARGET.port }));
    await order(
      spaces.fromHost,
      ADDRESS,
      specs.map((spec) => (verb === 'open' ? { open: spec } : { close: spec })),
    );
  };

  test('trap-31: says which way it goes', () => expect(spaces.said).toBe(SAYS[way]));

  test('every bind from the host', async () => {
    const { got, wanted } = await tryAll(spaces.place, [HOST], spaces.fromHost);
    expect(got).toEqual(wanted);
  });

  test('every bind from itself', async () => {
    const client = { host: ADDRESS, peer: ADDRESS, itself: true };
    const { got, wanted } = await tryAll(spaces.place, [client], spaces.fromItself);
    expect(got).toEqual(wanted);
  });

  test('a server that changes its bind is found at the next packet', async () => {
    for (const bind of ['127.0.0.1', '0.0.0.0', ADDRESS, '127.0.0.1']) {
      await change('open', bind);
      expect(await waitForAnswers(spaces.fromHost, byBoth(TARGET), seenFromHost(bind))).toEqual(
        seenFromHost(bind),
      );
      expect(await waitForAnswers(spaces.fromItself, byBoth(TARGET), seenFromItself(bind))).toEqual(
        seenFromItself(bind),
      );
      await change('close', bind);
      const gone = ['ECONNREFUSED', 'ECONNREFUSED'];
      expect(await waitForAnswers(spaces.fromHost, byBoth(TARGET), gone)).toEqual(gone);
      expect(await waitForAnswers(spaces.fromItself, byBoth(TARGET), gone)).toEqual(gone);
    }
  });

  test('kept ports on 127.0.0.1 are refused', async () => {
    const calls = KEPT_PORTS.flatMap((port) =>
      (['tcp', 'udp'] as const).map((kind) => ({ kind, host: ADDRESS, port })),
    );
    await order(
      spaces.fromHost,
      ADDRESS,
      calls.map(({ kind, port }) => ({ open: { kind, bind: '127.0.0.1', port } })),
    );
    const refused = calls.map(() => 'ECONNREFUSED');
    expect(await waitForAnswers(spaces.fromHost, calls, refused)).toEqual(refused);
    expect(await waitForAnswers(spaces.fromItself, calls, refused)).toEqual(refused);
  });

  test('a client on 127.0.0.1 is left alone, one bound to it reaches its own address', async () => {
    const at = (host: string, port: number, from?: string) =>
      ({ kind: 'tcp', host, port, ...(from === undefined ? {} : { from }) }) as const;
    expect(
      await spaces.fromItself([
        at('127.0.0.1', 3001),
        at('127.0.0.1', 3005),
        at('127.0.0.1', 3001, ADDRESS),
        at(ADDRESS, 3001, '127.0.0.1'),
        at(ADDRESS, 3003, '127.0.0.1'),
        at(ADDRESS, 3005, '127.0.0.1'),
      ]),
    ).toEqual([
      '127.0.0.1 127.0.0.1 5',
      'ECONNREFUSED',
      `127.0.0.1 ${ADDRESS} 5`,
      `127.0.0.1 ${way === 'polled' ? '127.0.0.1' : ADDRESS} 5`,
      '0.0.0.0 127.0.0.1 5',
      `${ADDRESS} 127.0.0.1 5`,
    ]);
  });

  test('packets from outside with an address of loopback are dropped', () => {
    expect(spaces.run('nft list chain ip cspace early')).toContain('ip saddr 127.0.0.0/8 drop');
  });
});
