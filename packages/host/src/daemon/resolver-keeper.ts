import { getGateway } from '../network/addresses.ts';
import type { Registry } from '../registry/registry.ts';
import type { HostsEntry } from '../resolver/form.ts';
import { writeHostsBlock } from '../resolver/hosts.ts';
import { getHostsEntries } from '../resolver/names.ts';
import { type ResolverRecord, readResolverRecord, withResolverRecord } from '../resolver/record.ts';
import { setRouting } from '../resolver/resolved.ts';
import type { Log } from '../system/log.ts';

/** Keeps what `cspace dns install` set up in step with the sandboxes; without an install it does nothing. */
export interface ResolverKeeper {
  /** Brings all of it up to date. False where nothing of this home is installed. Throws what the form throws. */
  apply(): Promise<boolean>;
  /** The same; what goes wrong stands in the log. */
  keep(): Promise<void>;
  /** The same for the names alone, in a moment; what goes wrong stands in the log. */
  touch(): void;
  /** The daemon leaves: nobody is there any more to say whether a name is right. */
  leave(): Promise<void>;
}

export interface ResolverKeeperOptions {
  homeLabel: string;
  registry: Registry;
  log: Log;
}

const APPLY_TIMEOUT_MS = 30_000;
/** Many changes at once are one: each is a new /etc/hosts. */
const PAUSE_MS = 50;

export function createResolverKeeper({ homeLabel, registry, log }: ResolverKeeperOptions): ResolverKeeper {
  let touched = false;
  let writing: Promise<void> | undefined;
  let hasLeft = false;
  const logError = (error: unknown) => log.error('resolver', { error: String(error) });

  /** Locked against an uninstall: what that took away is not written again. */
  const withOurs = async (work: (record: ResolverRecord) => Promise<void>) => {
    const known = await readResolverRecord();
    // Nothing is to be kept there, and on a Mac the daemon is not root, who alone may lock the record.
    if (known?.form === 'macos') return known.homeLabel === homeLabel;
    return withLocked(work);
  };

  const withLocked = (work: (record: ResolverRecord) => Promise<void>) =>
    withResolverRecord(async ({ record }) => {
      if (!record || record.homeLabel !== homeLabel || hasLeft) return false;
      await work(record);
      return true;
    }).then((done) => done ?? false);

  const writeNames = async (record: ResolverRecord) => {
    if (record.form === 'hosts') await writeHostsBlock(record, getEntries(registry, record.subnet));
  };

  async function writeTouched() {
    while (touched) {
      touched = false;
      await withOurs(writeNames).catch(logError);
      await Bun.sleep(PAUSE_MS);
    }
  }

  const apply = () =>
    withOurs(async (record) => {
      if (record.form === 'resolved') await setRouting(record, AbortSignal.timeout(APPLY_TIMEOUT_MS));
      await writeNames(record);
    });

  return {
    apply,
    async keep() {
      await apply().catch(logError);
    },
    touch() {
      touched = true;
      writing ??= writeTouched().finally(() => {
        writing = undefined;
      });
    },
    async leave() {
      await withOurs(async (record) => {
        hasLeft = true;
        if (record.form === 'hosts') await writeHostsBlock(record, []);
      }).catch(logError);
      hasLeft = true;
      await writing;
    },
  };
}

function getEntries(registry: Registry, subnet: string): HostsEntry[] {
  const sandboxes = registry.list().map(({ project, sandbox, state, address }) => ({
    project,
    sandbox,
    address: state === 'running' ? (address ?? undefined) : undefined,
  }));
  // A record that cannot be read may hold a name that would otherwise be unique.
  const broken = registry.listBroken().map(({ ref }) => ({ ...ref, address: undefined }));
  return getHostsEntries([...sandboxes, ...broken], getGateway(subnet));
}
