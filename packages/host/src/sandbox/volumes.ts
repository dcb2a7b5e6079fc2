import { lchown } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxRecord } from '../registry/record.ts';
import { ensureFolder } from '../system/files.ts';
import { GUEST } from '../system/paths.ts';
import type { House } from './house.ts';

/** Where a sandbox's volumes are inside. */
export const getVolumeTargets = ({ volumes }: Pick<SandboxRecord, 'volumes'>): string[] =>
  volumes.map((path) => `${GUEST.workspace}/${path}`);

/**
 * Makes the empty folders in the clone that volumes are mounted on; git does not see them. The guest can have put
 * symbolic links in their way, so each part is made, or looked at, by itself. It does not run now. One that its root has
 * made is given to the owner: a volume may take after the folder that it covers.
 */
export async function ensureVolumeFolders(house: House, record: SandboxRecord): Promise<void> {
  for (const path of record.volumes) {
    let folder = house.paths.clone(record);
    for (const part of path.split('/')) {
      folder = join(folder, part);
      try {
        await ensureFolder(folder, { owner: house.owner, mode: 0o755 });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
        throw new ProblemError({
          code: 'config-invalid',
          message: `the volume ${path} cannot be put into the clone of ${record.sandbox}`,
          why: `${folder} is no folder`,
          fix: `take it out of "volumes", or remove what is there: ${folder}`,
        });
      }
    }
    if (process.getuid?.() === 0) await lchown(folder, house.owner.uid, house.owner.gid);
  }
}
