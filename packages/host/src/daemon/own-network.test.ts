import { afterEach, expect, test } from 'bun:test';
import type { Log } from '../system/log.ts';
import { createOwnNetwork } from './own-network.ts';
import type { Service } from './service.ts';

const signal = AbortSignal.timeout(60_000);
const log = { info() {}, error() {} } as unknown as Log;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A network whose host has the addresses of `here`; what listens where is in `open`. */
function setUp() {
  const here = new Set<string>();
  const open = new Set<string>();
  const service: Service = {
    name: 'fake',
    async listen({ address, audience }) {
      const at = `${audience} ${address}`;
      open.add(at);
      return { close: async () => void open.delete(at) };
    },
  };
  const network = createOwnNetwork({
    config: { subnet: '192.168.64.0/24' },
    log,
    lookMs: 10,
    hasAddress: (address) => here.has(address),
  });
  network.serve([service]);
  closers.push(() => network.close());
  const attach = (gateway: string, sandbox = 'mercury') => {
    const own = { address: gateway.replace(/1$/, '7'), gateway, subnet: gateway.replace(/1$/, '0/24') };
    const member = { address: own.address, project: 'shop', sandbox, network: 'nat' as const };
    return network.attach({ ...member, plug: { kind: 'own', network: own } }, signal);
  };
  return { network, here, open, attach };
}
async function until(check: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!check()) {
    if (performance.now() > deadline) throw new Error('not in time');
    await Bun.sleep(5);
  }
}

test('own network: before any machine it listens on loopback, and nowhere else', async () => {
  const { network, open } = setUp();
  await network.ensure();
  expect([...open]).toEqual(['host 127.0.0.1']);
});
test('trap-15: own network: listens on the gateway that the machine tells of, when its bridge is there', async () => {
  const { network, here, open, attach } = setUp();
  const attached = attach('192.168.65.1');
  await Bun.sleep(30);
  expect([...open]).toEqual([]);
  here.add('192.168.65.1');
  await attached;
  expect([...open]).toEqual(['sandboxes 192.168.65.1']);
  expect([network.gateway, network.subnet]).toEqual(['192.168.65.1', '192.168.65.0/24']);
});
test('own network: lets go when the bridge vanishes, and listens again when it is back', async () => {
  const { here, open, attach } = setUp();
  here.add('192.168.65.1');
  await attach('192.168.65.1');
  here.clear();
  await until(() => open.size === 0);
  here.add('192.168.65.1');
  await until(() => open.has('sandboxes 192.168.65.1'));
});
test('own network: another gateway takes the place of the last one', async () => {
  const { here, open, attach } = setUp();
  here.add('192.168.65.1').add('192.168.66.1');
  await attach('192.168.65.1');
  await attach('192.168.66.1');
  expect([...open]).toEqual(['sandboxes 192.168.66.1']);
});
test('own network: each project’s gateway has its listeners, until its last sandbox is gone', async () => {
  const { network, here, open, attach } = setUp();
  here.add('192.168.65.1').add('192.168.66.1');
  await attach('192.168.65.1', 'mercury');
  await attach('192.168.66.1', 'mars');
  expect([...open].sort()).toEqual(['sandboxes 192.168.65.1', 'sandboxes 192.168.66.1']);
  expect([network.gateway, network.others]).toEqual([
    '192.168.66.1',
    [{ subnet: '192.168.65.0/24', gateway: '192.168.65.1' }],
  ]);
  await network.detach({ project: 'shop', sandbox: 'mars', address: '192.168.66.7' }, signal);
  expect([...open]).toEqual(['sandboxes 192.168.65.1']);
});
test('own network: closed, it listens nowhere, and does not begin again', async () => {
  const { network, here, open, attach } = setUp();
  here.add('192.168.65.1');
  await network.ensure();
  await attach('192.168.65.1');
  await network.close();
  await Bun.sleep(50);
  expect([...open]).toEqual([]);
});
