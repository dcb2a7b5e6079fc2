import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getGateway, patient, WITHOUT_RULES } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { createWorld, type World, waitUntil } from '../support/world.ts';

// Three siblings: mercury attacks, in venus's name or over its head; mars is whom it talks to.
let world: World;
const NAMES = ['mercury', 'venus', 'mars'] as const;
const addresses = { mercury: '', venus: '', mars: '' };
beforeAll(async () => {
  world = createWorld({ project: 'tricks' });
  for (const name of NAMES) {
    const { code, stdout, stderr } = await world.cspace(['up', name, '--json']);
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    addresses[name] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '').sandbox.address;
  }
}, patient(180_000));
afterAll(() => world.dispose(), patient(60_000));

const inside = (name: string, argv: string[], input = '') =>
  world.cspace(['exec', name, '--', ...argv], { input });

/** The status that mercury gets from the daemon with a sandbox's token and from its address; 0 for no answer. */
async function ask(as: 'mercury' | 'venus'): Promise<number> {
  const file = join(world.home, 'machines/tricks', as, 'tokens.json');
  const { api } = JSON.parse(readFileSync(file, 'utf8'));
  const script = `url=$(jq -r .daemon /run/cspace/sandbox.json)
    curl -s -m 3 -o /dev/null -w '%{http_code}' -H @- --interface ${addresses[as]} "$url/sandboxes" <<<'Authorization: Bearer ${api}'`;
  return Number((await inside('mercury', ['bash', '-s'], script)).stdout);
}

// On a network of the system's nothing of ours looks at who sends what.
const guarded = testUnless(WITHOUT_RULES);

describe('fault-18: a sandbox that takes a sibling’s address', () => {
  const ip = (verb: string) =>
    inside('mercury', ['sudo', 'ip', 'addr', verb, `${addresses.venus}/32`, 'dev', 'lo']);
  beforeAll(async () => expect(await ip('add')).toMatchObject({ code: 0 }), patient(60_000));
  afterAll(async () => expect(await ip('del')).toMatchObject({ code: 0 }), patient(60_000));

  guarded('is not that sibling for the daemon', async () => {
    expect([await ask('mercury'), await ask('venus')]).toEqual([200, 0]);
  });

  guarded('sends nothing from it to a third one, though it does from its own', async () => {
    const { mercury, venus, mars } = addresses;
    const listening = world.start(['exec', 'mars', '--', 'timeout', '60', 'python3', '-uc', LISTENER]);
    let heard = '';
    const reading = (async () => {
      for await (const chunk of listening.stdout) heard += new TextDecoder().decode(chunk);
    })();
    await waitUntil('it listens', () => heard.startsWith('ready\n'));
    // What is sent last comes last: once that is there, the rest would be.
    const sent = await inside('mercury', ['python3', '-c', SENDER, mars, venus, mercury]);
    expect(sent).toMatchObject({ code: 0, stdout: `${venus} 20\n${mercury} 20\n` });
    await waitUntil('its own came', () => heard.includes(`${mercury}\n`));
    expect(heard).not.toContain(`${venus}\n`);
    listening.kill('SIGTERM');
    await listening.exited;
    await reading;
  });
});

test('fault-18: a flood of connections and of requests leaves a sibling served', async () => {
  // On the host's side: those that it has refused do not count.
  const filter = `sport = :6280 and dst ${addresses.mercury}`;
  const count = () => {
    const ss = Bun.spawnSync(['ss', '-Htn', 'state', 'established', filter], { timeout: 10_000 });
    return ss.stdout.toString().split('\n').length - 1;
  };
  const gateway = getGateway(addresses.mercury);
  const child = world.start(['exec', 'mercury', '--', 'python3', '-c', FLOOD, gateway]);
  await waitUntil('the flood is there', () => count() > 50);
  const { code, stdout } = await inside('venus', ['cspace', 'ls', '--json']);
  expect([code, JSON.parse(stdout || '{"sandboxes":[]}').sandboxes.length]).toEqual([0, 3]);
  expect((await world.cspace(['ls', '--json'])).code).toBe(0);
  await waitUntil('the flood is there still', () => count() > 50);
  expect(await inside('mercury', ['bash', '-c', 'kill $(cat /tmp/flood)'])).toMatchObject({ code: 0 });
  await child.exited;
  await waitUntil('it is over', () => count() === 0);
});

/** Says from whom each datagram came. */
const LISTENER = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('0.0.0.0', 9000))
print('ready')
while True: print(s.recvfrom(9)[1][0])`;

/** Sends twenty datagrams from each of the addresses after the first, and says how many it got rid of. */
const SENDER = `
import socket, sys
for own in sys.argv[2:]:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((own, 0))
    print(own, sum(s.sendto(b'x', (sys.argv[1], 9000)) for _ in range(20)))`;

/** Connections that ask nothing, and requests without a token, anew as soon as they end; its pid is in a file. */
const FLOOD = `
import asyncio, os, sys
open('/tmp/flood', 'w').write(str(os.getpid()))

async def connect(said):
    while True:
        try:
            reader, writer = await asyncio.open_connection(sys.argv[1], 6280)
            try:
                writer.write(said)
                await asyncio.wait_for(reader.read(), 8)
            finally:
                writer.close()
        except (OSError, asyncio.TimeoutError):
            pass
        await asyncio.sleep(1)

async def flood():
    every = [b''] * 200 + [b'GET /sandboxes HTTP/1.0\\r\\n\\r\\n'] * 40
    await asyncio.wait([asyncio.ensure_future(connect(said)) for said in every], timeout=300)

asyncio.run(flood())`;
