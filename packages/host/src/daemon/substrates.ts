import { ProblemError } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import type { Substrates } from '../sandbox/house.ts';
import { isKvmPromising } from '../substrate/qemu/kvm/kvm.ts';
import {
  getHost,
  listKinds,
  pickKind,
  probeSubstrate,
  type SubstrateOptions,
  selectSubstrate,
} from '../substrate/select.ts';
import type { HostKind, Probe, Substrate } from '../substrate/substrate.ts';

export interface Ways {
  /** What isolates more first; the last one is for every host. */
  kinds: readonly SubstrateKind[];
  /** Of many parts: looked at as a whole before the first machine. The others say by themselves what they lack. */
  composite: readonly SubstrateKind[];
  select(kind: SubstrateKind): Substrate;
  probe(kind: SubstrateKind, signal: AbortSignal): Promise<Probe>;
  /** False where it is plain, at no cost, that nothing but the last one comes into question. */
  isPromising(): Promise<boolean>;
}

export function getWays(options: SubstrateOptions, host: HostKind = getHost()): Ways {
  return {
    kinds: listKinds(host),
    composite: ['qemu', 'apple'],
    select: (kind) => selectSubstrate(kind, options, host),
    probe: (kind, signal) => probeSubstrate(kind, options, { signal, host }),
    isPromising: () => isKvmPromising(),
  };
}

/** Each is made once. */
export function createSubstrates({ kinds, composite, select, probe, isPromising }: Ways): Substrates {
  const made = new Map<SubstrateKind, Substrate>();
  /** What was found to be usable. What was not may have been mended by the next time. */
  const usable = new Map<SubstrateKind, Probe>();
  const [last = 'podman'] = kinds.slice(-1);

  function get(kind: SubstrateKind): Substrate {
    const substrate = made.get(kind) ?? select(kind);
    made.set(kind, substrate);
    return substrate;
  }
  async function look(kind: SubstrateKind, signal: AbortSignal): Promise<Probe> {
    const found = await probe(kind, signal);
    if (found.usable) usable.set(kind, found);
    return found;
  }
  async function pickForHost(signal: AbortSignal): Promise<SubstrateKind> {
    if (kinds.length < 2 || !(await isPromising())) return last;
    const probes = new Map<SubstrateKind, Pick<Probe, 'usable' | 'native'>>();
    for (const kind of kinds.slice(0, -1)) {
      const known = usable.get(kind);
      probes.set(kind, known?.native === 'yes' ? known : await look(kind, signal));
    }
    return pickKind(probes.set(last, { usable: true, native: 'yes' }));
  }
  return {
    get,
    list: () => kinds.map(get),
    async pick(wanted, signal) {
      const kind = wanted ?? (await pickForHost(signal));
      get(kind);
      if (!composite.includes(kind) || usable.has(kind)) return kind;
      const found = await look(kind, signal);
      if (!found.usable) throw getLacking(kind, found);
      return kind;
    },
  };
}

function getLacking(kind: SubstrateKind, { findings }: Probe): ProblemError {
  const missing = findings.filter(({ ok, optional }) => !ok && !optional);
  const isMended = missing.some(({ packages }) => packages !== undefined);
  return new ProblemError({
    code: 'engine-missing',
    message: `this machine lacks what sandboxes with ${kind} need`,
    why: missing.map(({ what, why }) => (why === undefined ? what : `${what}: ${why}`)).join('\n'),
    fix: `cspace ${isMended ? 'setup' : 'doctor'} --substrate ${kind}`,
  });
}
