import { createHash } from 'node:crypto';
import type { SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { LABELS } from '../labels.ts';
import type { MachineSpec } from '../substrate.ts';
import { getNetworkCreateArgv, getNetworkListArgv, getNetworkRemoveArgv } from './argv.ts';
import type { Context } from './context.ts';
import { getEngineProblem } from './failure.ts';
import { type NamedNetwork, parseNetworks } from './parse.ts';

/**
 * Machines of one network reach each other, those of different ones do not: a project has one for its sandboxes, and a
 * sandbox that is to reach nothing has one that leads nowhere but to the host, for itself alone.
 */
export function getNetwork({ ref, homeLabel, network }: Pick<MachineSpec, 'ref' | 'homeLabel' | 'network'>) {
  const isClosed = network === 'none';
  const labels: Record<string, string> = {
    [LABELS.home]: homeLabel,
    [LABELS.project]: ref.project,
    ...(isClosed ? { [LABELS.sandbox]: ref.sandbox } : {}),
  };
  const hash = createHash('sha256').update(JSON.stringify(labels)).digest('hex');
  return { name: `cspace-${hash.slice(0, 24)}`, labels, isClosed };
}

interface Options {
  signal: AbortSignal;
  context: Context;
}

/** Makes it where it is missing; nobody takes it away during the work, after which a machine is on it. */
export async function withNetwork<T>(
  spec: MachineSpec,
  { signal, context }: Options,
  work: (name: string) => Promise<T>,
): Promise<T> {
  const release = await context.locks.acquire(spec.ref.project, signal).catch(() => throwInterrupted());
  try {
    return await work(await ensureNetwork(spec, signal, context));
  } finally {
    release();
  }
}

function throwInterrupted(): never {
  throw new ProblemError({ code: 'interrupted', message: 'interrupted while the machine was being made' });
}

async function ensureNetwork(spec: MachineSpec, signal: AbortSignal, context: Context): Promise<string> {
  const network = getNetwork(spec);
  if (await has(network.name, signal, context)) return network.name;
  const { engine, deadlines } = context;
  const made = await engine.run(getNetworkCreateArgv(network), { timeoutMs: deadlines.change, signal });
  if (made.ok || (!made.cancelled && (await has(network.name, signal, context)))) return network.name;
  const { problem } = getEngineProblem('make the network of the project', made);
  throw new ProblemError({ ...problem, ...(made.cancelled ? {} : { code: 'network-unavailable' }) });
}

/**
 * Takes away what nobody uses any more, after a machine of that sandbox is gone: networks are few. One that stays is found
 * by the next that goes.
 */
export async function removeNetworks(ref: SandboxRef, signal: AbortSignal, context: Context): Promise<void> {
  const release = await context.locks.acquire(ref.project, signal).catch(() => throwInterrupted());
  try {
    await removeUnused(ref, signal, context);
  } finally {
    release();
  }
}

async function removeUnused(ref: SandboxRef, signal: AbortSignal, context: Context): Promise<void> {
  const { engine, deadlines, reader } = context;
  const networks = (await list(signal, context)).filter(
    ({ labels }) => labels[LABELS.project] === ref.project,
  );
  if (networks.length === 0) return;
  const users = await reader.listOurs(signal);
  const isUsed = ({ name }: NamedNetwork) => users.some(({ networks }) => networks.includes(name));
  for (const network of networks.filter((network) => !isUsed(network))) {
    await engine.run(getNetworkRemoveArgv(network.name), { timeoutMs: deadlines.remove, signal });
  }
}

const has = async (name: string, signal: AbortSignal, context: Context): Promise<boolean> =>
  (await list(signal, context)).some((network) => network.name === name);

/** Those of this home. */
async function list(signal: AbortSignal, { engine, deadlines, homeLabel }: Context): Promise<NamedNetwork[]> {
  const networks = await engine.ask('list the networks', getNetworkListArgv(), {
    timeoutMs: deadlines.query,
    signal,
    parse: parseNetworks,
  });
  return networks.filter(({ labels }) => labels[LABELS.home] === homeLabel);
}
