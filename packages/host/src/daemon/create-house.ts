import type { Config } from '../config/schema.ts';
import { ensureImage } from '../image/build.ts';
import { loadKit } from '../image/kit.ts';
import { openFileJournal } from '../journal/journal.ts';
import { openFileRegistry } from '../registry/file-registry.ts';
import type { House } from '../sandbox/house.ts';
import { openTokenStore } from '../sandbox/tokens.ts';
import { getHomeLabel } from '../substrate/labels.ts';
import type { HostKind } from '../substrate/substrate.ts';
import { BASE_ENV } from '../system/exec.ts';
import { createKeyedLock } from '../system/keyed-lock.ts';
import type { Log } from '../system/log.ts';
import type { Owner } from '../system/owner.ts';
import { getEngineFolder, getPaths, getVmStore } from '../system/paths.ts';
import { getRealPath } from '../system/real-path.ts';
import { getGuestSysctls } from './guest-sysctls.ts';
import { createHostNetwork, getMembers, type HostNetwork } from './host-network.ts';
import { createImageProvider } from './image-provider.ts';
import { createOwnNetwork } from './own-network.ts';
import { createSubstrates, getWays } from './substrates.ts';

export interface HouseOptions {
  home: string;
  owner: Owner;
  config: Config;
  log: Log;
  /** `relay` tries sandboxes as on a host that lets nobody set their sysctls. */
  forwarding?: string | undefined;
  /** The tag of an image to boot instead of cspace's own, which is then never built: for tests. */
  testImage?: string | undefined;
  /** The folder of the host that all homes share, where it is another one: for tests. */
  vmStore?: string | undefined;
  /** A folder with a stand-in for Apple's `container`, which makes this host count as a Mac: for tests. */
  appleTools?: string | undefined;
}

const MAC: HostKind = 'darwin/arm64';

/** Everything the use cases work with, put together for this host. */
export async function createHouse(options: HouseOptions): Promise<House & { network: HostNetwork }> {
  const { home, owner, config, log, testImage, vmStore, appleTools } = options;
  const paths = getPaths(home);
  const homeLabel = getHomeLabel(getRealPath(home));
  const registry = await openFileRegistry(paths, owner);
  const substrateOptions = {
    folder: getEngineFolder(homeLabel),
    owner: { uid: 0, gid: 0 },
    homeLabel,
    store: getVmStore(vmStore),
    loadKit,
    templates: config.templates,
    onNote: log.info,
    addressOf: (ref: Parameters<typeof registry.get>[0]) => registry.get(ref)?.address ?? undefined,
  };
  const substrates = createSubstrates(
    appleTools === undefined
      ? getWays(substrateOptions)
      : getWays({ ...substrateOptions, path: `${appleTools}:${BASE_ENV.PATH}` }, MAC),
  );
  const isOwn = substrates.list().every(({ capabilities }) => !capabilities.hostNetwork);
  return {
    paths,
    owner,
    homeLabel,
    ports: config.ports,
    sysctls: getGuestSysctls(options),
    registry,
    journal: openFileJournal(paths, owner),
    tokens: openTokenStore(paths, owner),
    network: isOwn
      ? createOwnNetwork({ config, log })
      : createHostNetwork({ config, home, owner, members: getMembers(registry.list()) }),
    image: createImageProvider({
      build: async (options) =>
        ensureImage({
          ...options,
          paths,
          owner,
          substrate: substrates.get(options.substrate),
          others: substrates.list().filter(({ kind }) => kind !== options.substrate),
          given: testImage,
        }),
    }),
    substrates,
    locks: createKeyedLock(),
    log,
    now: () => new Date(),
  };
}
