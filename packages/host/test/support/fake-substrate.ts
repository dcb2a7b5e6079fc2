import { formatRef } from '@cspace/protocol/names';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { PODMAN_CAPABILITIES } from '../../src/substrate/podman/capabilities.ts';
import type { Machine, MachineSpec, Substrate } from '../../src/substrate/substrate.ts';

export interface FakeSubstrate {
  substrate: Substrate;
  /** By the sandbox's name. */
  machines: Map<string, Machine>;
  /** What the next `create` throws. */
  trouble: Error | undefined;
}

/** Machines that are nothing but a note. `onStart` stands for what runs inside. */
export function createFakeSubstrate(
  kind: SubstrateKind,
  onStart: (spec: MachineSpec) => void | Promise<void> = () => {},
): FakeSubstrate {
  const machines = new Map<string, Machine>();
  const specs = new Map<string, MachineSpec>();
  const fake: FakeSubstrate = { substrate: {} as Substrate, machines, trouble: undefined };
  const set = (machine: Machine) => {
    machines.set(formatRef(machine.ref), machine);
    return machine;
  };
  fake.substrate = {
    kind,
    capabilities: PODMAN_CAPABILITIES,
    execEnv: {},
    async create(spec) {
      const { trouble } = fake;
      fake.trouble = undefined;
      if (trouble) throw trouble;
      specs.set(formatRef(spec.ref), spec);
      return set({ ...MACHINE, ref: spec.ref, id: `${kind}-${crypto.randomUUID()}` });
    },
    async start(ref, attach) {
      await attach({ kind: 'namespace', pid: process.pid });
      const spec = specs.get(formatRef(ref));
      if (!spec) throw new Error('it was never made');
      await onStart(spec);
      return set({ ...MACHINE, ref, state: 'running' });
    },
    stop: async () => {},
    async destroy(ref) {
      machines.delete(formatRef(ref));
    },
    inspect: async (ref) => machines.get(formatRef(ref)),
    list: async () => [...machines.values()],
  } as Partial<Substrate> as Substrate;
  return fake;
}

const MACHINE: Omit<Machine, 'ref'> = {
  state: 'created',
  id: '',
  pid: null,
  exitCode: null,
  outOfMemory: false,
  startedAt: null,
};
