import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Resolver } from 'node:dns/promises';
import {
  byBoth,
  order,
  type Probe,
  tryAll,
  waitForAll,
  waitForAnswers,
} from '../support/forwarding/drive.ts';
import { KEPT_PORTS } from '../support/forwarding/matrix.ts';
import { makeSandboxes, PROJECT, type Sandboxes } from '../support/forwarding/sandboxes.ts';
import { APPLE_VERSION, getGateway, SUBSTRATE } from '../support/substrate-under-test.ts';

/** In the way of the kernel's own is `/proc/sys`, which guests of these cannot write. */
const MODES =
  SUBSTRATE === 'apple' && APPLE_VERSION >= '1.2' ? (['relay'] as const) : (['direct', 'relay'] as const);
/** The daemon's, as the host's resolver asks it. */
const DNS = '127.0.0.1:5354';
const NAME = `mercury.${PROJECT}.cspace2.local`;

async function resolveOnHost(name: string): Promise<string> {
  const resolver = new Resolver();
  resolver.setServers([DNS]);
  return (await resolver.resolve4(name))[0] ?? '?';
}

describe.each(MODES)('forwarding, %s', (mode) => {
  let boxes: Sandboxes;
  beforeAll(async () => {
    boxes = await makeSandboxes(mode);
    const host = { host: boxes.place.address, peer: getGateway(boxes.place.address), itself: false };
    await waitForAll(boxes.place, host, boxes.fromHost);
  });
  afterAll(() => boxes.dispose());

  /** By TCP and by UDP, from outside. */
  const seen = (bind: string, peer: string) =>
    Array<string>(2).fill(`${bind} ${mode === 'relay' && bind === '127.0.0.1' ? '127.0.0.1' : peer} 5`);

  /** The name and address of who calls, and how it calls. */
  const getClients = (): Record<string, { probe: Probe; peer: string }> => ({
    host: { probe: boxes.fromHost, peer: getGateway(boxes.place.address) },
    sibling: { probe: boxes.fromSibling, peer: boxes.sibling },
    itself: { probe: boxes.fromItself, peer: boxes.place.address },
  });

  // Among them a TLS server on 127.0.0.1:443, as a project's own.
  test.each(['host', 'sibling', 'itself'])(
    'trap-32: every bind, by address and by name, from %s',
    async (who) => {
      const { probe, peer } = getClients()[who] ?? expect.unreachable();
      const named = who === 'host' ? await resolveOnHost(NAME) : NAME;
      const clients = [boxes.place.address, named].map((host) => ({ host, peer, itself: who === 'itself' }));
      const { got, wanted } = await tryAll(boxes.place, clients, probe);
      expect(got).toEqual(wanted);
    },
  );

  test('a server that starts later, and one that changes its bind', async () => {
    const host = boxes.place.address;
    const target = { host, port: 3500 };
    const servers = (['tcp', 'udp'] as const).map((kind) => ({ kind, port: target.port }));
    const gone = ['ECONNREFUSED', 'ECONNREFUSED'];
    expect(await waitForAnswers(boxes.fromHost, byBoth(target), gone)).toEqual(gone);
    for (const bind of ['127.0.0.1', '0.0.0.0', host, '127.0.0.1']) {
      await order(
        boxes.fromHost,
        host,
        servers.map((server) => ({ open: { ...server, bind } })),
      );
      const wanted = seen(bind, getGateway(host));
      expect(await waitForAnswers(boxes.fromHost, byBoth(target), wanted)).toEqual(wanted);
      await order(
        boxes.fromHost,
        host,
        servers.map((server) => ({ close: server })),
      );
      expect(await waitForAnswers(boxes.fromHost, byBoth(target), gone)).toEqual(gone);
    }
  });

  test('ssh, the supervisor’s port and dnsmasq are not forwarded', async () => {
    const host = boxes.place.address;
    // A microVM has an ssh server there, for the host alone.
    const tcp = SUBSTRATE === 'qemu' ? [53] : [22, 53];
    if (tcp.includes(22))
      await order(boxes.fromHost, host, [{ open: { kind: 'tcp', bind: '127.0.0.1', port: 22 } }]);
    const calls = tcp.map((port) => ({ kind: 'tcp', host, port }) as const);
    expect(KEPT_PORTS).toEqual([22, 53, 6201]);
    const asked = [...calls, { kind: 'udp', host, port: 53 } as const];
    const refused = asked.map(() => 'ECONNREFUSED');
    expect(await waitForAnswers(boxes.fromHost, asked, refused)).toEqual(refused);
    // The supervisor itself, on all addresses: to the host it says what it says to everybody without a token.
    const [answer] = await boxes.fromHost([
      { kind: 'tcp', host, port: 6201, text: 'GET / HTTP/1.0\r\n\r\n' },
    ]);
    expect(answer).toContain('401');
  });
});
