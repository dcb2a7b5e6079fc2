import type { SandboxRef } from '@cspace/protocol/names';
import { attachMachine, detachMachine } from '../../src/network/attach.ts';
import { ensureNetwork, getCablesConfig, removeNetwork, writeRules } from '../../src/network/network.ts';
import type { Member } from '../../src/network/rules.ts';
import type { Cable, Plug } from '../../src/substrate/substrate.ts';
import type { Owner } from '../../src/system/owner.ts';

/** A network of the suite's own, and addresses given out in turn, one for each name for good. */
export interface NetworkFixture {
  addressOf(ref: SandboxRef): string | undefined;
  attach(ref: SandboxRef, plug: Plug): Promise<Cable | undefined>;
  detach(ref: SandboxRef): Promise<void>;
  dispose(): Promise<void>;
}

export async function makeNetwork(home: string, owner: Owner): Promise<NetworkFixture> {
  const network = {
    bridge: 'cspace0',
    subnet: '192.168.64.0/24',
    ports: { dns: 5354, http: 6280 },
    home,
    owner,
  };
  const members = new Map<string, Member>();
  const addresses = new Map<string, string>();
  const signal = () => AbortSignal.timeout(60_000);
  await ensureNetwork(network, [], signal());
  return {
    addressOf: (ref) => addresses.get(ref.sandbox),
    async attach(ref, plug) {
      if (plug.kind === 'own') throw new TypeError('a network of its own on our bridge');
      const address = addresses.get(ref.sandbox) ?? `192.168.64.${addresses.size + 2}`;
      addresses.set(ref.sandbox, address);
      members.set(address, { address, ...ref, network: 'nat' });
      await writeRules(network, [...members.values()], signal());
      return attachMachine({ ...(await getCablesConfig(network)), plug, address }, signal());
    },
    async detach(ref) {
      const address = addresses.get(ref.sandbox);
      if (address !== undefined)
        await detachMachine({ ...(await getCablesConfig(network)), address }, signal());
    },
    dispose: () => removeNetwork(network, signal()),
  };
}
