import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '../../../system/abort.ts';
import { tryLockFile } from '../../../system/file-lock.ts';
import { getStandbyConfiguration } from '../configuration.ts';
import type { Context } from '../context.ts';
import { getKitFolder, getRootFile } from '../image/store.ts';
import { readPlan } from '../plan.ts';
import { getTemplateKey, readHostIdentity, readQemuIdentity } from './key.ts';
import { type MakingContext, makeTemplate, NO_MAC, type Wanted } from './make.ts';
import { pruneTemplates } from './prune.ts';
import {
  ensureTemplatesFolder,
  findTemplate,
  getTemplatesFolder,
  removeTemplate,
  type Template,
} from './store.ts';

/** Memory templates: none is ever needed, so nothing of this throws. */
export interface Templates {
  /** One that a machine of that kind can be started from. */
  find(wanted: Wanted): Promise<Template | undefined>;
  /** It should be there the next time; nothing is done where it is there. */
  want(wanted: Wanted): void;
  /** It was of no use: it is removed, and this process makes it no more. */
  discard(template: Template): Promise<void>;
  /** Makes what is wanted, one by one, until the signal. Nothing is left half made then. */
  run(signal: AbortSignal): Promise<void>;
}

export interface TemplatesOptions {
  /** Where images are. */
  store: string;
  context: MakingContext;
  /** Whether machines are being changed just now: making waits until nobody has done that for `quietMs`. */
  isBusy: () => boolean;
  quietMs: number;
  onNote: Context['onNote'];
}

const ROOT = { uid: 0, gid: 0 };
const LONG_MS = 10 * 60_000;

export const NO_TEMPLATES: Templates = {
  find: async () => undefined,
  want: () => undefined,
  discard: async () => undefined,
  run: async () => undefined,
};

export function createTemplates({ store, context, isBusy, quietMs, onNote }: TemplatesOptions): Templates {
  /** Tried in vain. */
  const bad = new Set<string>();
  const queue = new Map<string, Wanted>();
  let wake = () => {};

  async function readUsableKey(wanted: Wanted): Promise<string | undefined> {
    const key = await readKey(wanted, context).catch(() => undefined);
    return key === undefined || bad.has(key) ? undefined : key;
  }

  async function want(wanted: Wanted): Promise<void> {
    const key = await readUsableKey(wanted);
    if (key === undefined || (await findTemplate(store, key))) return;
    queue.set(key, wanted);
    wake();
  }

  async function waitForNext(signal: AbortSignal): Promise<void> {
    const waking = new AbortController();
    wake = () => waking.abort();
    if (queue.size === 0) await pause(LONG_MS, AbortSignal.any([signal, waking.signal]));
    else
      do await pause(quietMs, signal);
      while (isBusy() && !signal.aborted);
  }

  return {
    async find(wanted) {
      const key = await readUsableKey(wanted);
      return key === undefined ? undefined : findTemplate(store, key);
    },
    want: (wanted) => void want(wanted),
    async discard(template) {
      bad.add(template.key);
      await removeTemplate(template).catch(() => undefined);
    },
    async run(signal) {
      // What a daemon that was killed has left half made.
      if (await exists(getTemplatesFolder(store))) await withLock(store, async () => {}).catch(() => {});
      while (!signal.aborted) {
        await waitForNext(signal);
        const [next] = queue;
        if (!next || signal.aborted) continue;
        const [key, wanted] = next;
        queue.delete(key);
        await ensure({ ...wanted, key, store, context, signal }).catch(async (error) => {
          if (signal.aborted) return;
          onNote('a memory template could not be made', { why: String(error) });
          bad.add(key);
          // Its first program does not stand by, whatever its image says: the kernel can.
          if (wanted.standby) await want({ ...wanted, standby: undefined });
        });
      }
    },
  };
}

async function ensure(options: Parameters<typeof makeTemplate>[0]): Promise<void> {
  await withLock(options.store, async () => {
    if (!(await findTemplate(options.store, options.key))) await makeTemplate(options);
  });
}

/** Nothing where another home's daemon makes one just now: the next machine asks again. */
async function withLock(store: string, use: () => Promise<void>): Promise<void> {
  await ensureTemplatesFolder(store);
  const release = tryLockFile(join(getTemplatesFolder(store), '.lock'), ROOT);
  if (!release) return;
  try {
    await pruneTemplates(store, (kit, root) => isThere(store, kit, root));
    await use();
  } finally {
    release();
  }
}

/** Whoever prunes images removes what no image has any more. */
async function isThere(store: string, kit: string, root: string): Promise<boolean> {
  const paths = [getKitFolder(store, kit), getRootFile(store, root)];
  return (await Promise.all(paths.map(exists))).every((there) => there);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function readKey(
  { image, limits, accel, standby: env }: Wanted,
  context: MakingContext,
): Promise<string | undefined> {
  const [qemu, host] = await Promise.all([readQemuIdentity(), readHostIdentity()]);
  if (qemu === undefined) return undefined;
  const plan = await readPlan({ id: '000000000000', limits, mac: NO_MAC, accel, context });
  const standby = env && getStandbyConfiguration({ image, limits, env });
  return getTemplateKey({ plan, image, qemu, host, standby });
}
