import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getTemplatesFolder } from '../../../packages/host/src/substrate/qemu/template/store.ts';
import { createWorld, type World, type WorldOptions } from '../../../packages/host/test/support/world.ts';
import type { Ground } from './ground.ts';
import { parseUp, type Up } from './spans.ts';

/** A network of its own for each world of a run, beside the one of machines without a daemon. */
export const getNetwork = (index: number) => ({
  bridge: `cspace${index}`,
  subnet: `192.168.${64 + index}.0/24`,
  ports: { dns: 5354 + index, http: 6280 + index },
});

/** A home whose sandboxes are of this host's image, which no daemon of it builds. */
export function makeWorld(ground: Ground, index: number, options: WorldOptions = {}): World {
  return createWorld({
    ...{ project: `bench${index}`, substrate: 'qemu' },
    ...options,
    config: { ...getNetwork(index), ...options.config },
    env: { CSPACE_TEST_IMAGE: ground.image.tag, CSPACE_TEST_VM_STORE: ground.store, ...options.env },
  });
}

/** Throws where it does not come up. */
export async function up(world: World, name: string): Promise<Up> {
  const { code, stdout, stderr } = await world.cspace(['up', name, '--json', '--timings']);
  if (code !== 0) throw new Error(`up ${name}: ${stderr || stdout}`);
  return parseUp(stdout);
}

export async function remove(world: World, name: string): Promise<void> {
  const { code, stderr } = await world.cspace(['rm', '--force', name]);
  if (code !== 0) throw new Error(`rm ${name}: ${stderr}`);
}

export interface TemplateStore {
  path: string;
  /** Waits until the whole templates in it are `count`. */
  waitFor(count: number): Promise<void>;
  dispose(): void;
}

const WAIT_MS = 300_000;

/** What the host's store has, with memory templates of the benchmark's own. */
export function makeTemplateStore({ store }: Ground): TemplateStore {
  const path = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  for (const name of readdirSync(store).filter((each) => /^(kit|root|empty|image)-/.test(each)))
    symlinkSync(join(store, name), join(path, name));
  const list = () => {
    try {
      return readdirSync(getTemplatesFolder(path)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    } catch {
      return [];
    }
  };
  return {
    path,
    async waitFor(count) {
      const deadline = performance.now() + WAIT_MS;
      while (list().length < count) {
        if (performance.now() > deadline) throw new Error(`no memory template within ${WAIT_MS} ms`);
        await Bun.sleep(250);
      }
    },
    dispose: () => rmSync(path, { recursive: true }),
  };
}
