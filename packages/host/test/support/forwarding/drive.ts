import { join } from 'node:path';
import { patient } from '../substrate-under-test.ts';
import { type Client, CONTROL_PORT, getCases, type Place } from './matrix.ts';
import type { Call } from './probe.ts';
import type { ServerSpec } from './servers.ts';

export const PROBE = join(import.meta.dir, 'probe.ts');
export const SERVERS = join(import.meta.dir, 'servers.ts');

/** Has the calls made from where a client is; gives the answers. */
export type Probe = (calls: Call[]) => Promise<string[]>;

/** The answers to the whole matrix, by host and name of its cases, beside those that are wanted; in one go. */
export async function tryAll(place: Place, clients: Client[], probe: Probe) {
  const cases = clients.flatMap((client) =>
    getCases(place, client).map(([name, call, answer]) => ({ name: `${client.host} ${name}`, call, answer })),
  );
  const answers = await probe(cases.map(({ call }) => call));
  return {
    got: Object.fromEntries(cases.map(({ name }, index) => [name, answers[index]])),
    wanted: Object.fromEntries(cases.map(({ name, answer }) => [name, answer])),
  };
}

/** Until the whole matrix answers: a relay finds servers within half a second. What does not by then, a test will tell. */
export async function waitForAll(place: Place, client: Client, probe: Probe): Promise<void> {
  const deadline = performance.now() + patient(10_000);
  for (;;) {
    const { got, wanted } = await tryAll(place, [client], probe);
    if (Bun.deepEquals(got, wanted) || performance.now() > deadline) return;
    await Bun.sleep(100);
  }
}

type Order = { open: ServerSpec } | { close: Pick<ServerSpec, 'kind' | 'port'> };

/** Starts or ends servers, by the one that takes orders. Throws what the server's side says where it cannot. */
export async function order(probe: Probe, host: string, orders: Order[]): Promise<void> {
  const answers = await probe(
    orders.map((one) => ({ kind: 'tcp', host, port: CONTROL_PORT, text: JSON.stringify(one) })),
  );
  if (answers.some((answer) => answer !== 'done')) throw new Error(`${JSON.stringify(orders)}: ${answers}`);
}

/** One call by TCP and one by UDP. */
export const byBoth = (target: { host: string; port: number }): Call[] =>
  (['tcp', 'udp'] as const).map((kind) => ({ kind, ...target }));

/**
 * Answers to the calls, made again and again until they are those wanted or the time is over: a relay needs half a second to
 * see what changed, and the kernel rations refusals of UDP.
 */
export async function waitForAnswers(probe: Probe, calls: Call[], wanted: string[]): Promise<string[]> {
  const deadline = performance.now() + patient(15_000);
  for (;;) {
    const got = await probe(calls.map((call) => ({ ...call, patienceMs: 1500 })));
    if (Bun.deepEquals(got, wanted) || performance.now() > deadline) return got;
    await Bun.sleep(100);
  }
}
