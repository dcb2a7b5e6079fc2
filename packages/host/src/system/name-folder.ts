import { closeSync, constants, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface NamedFolder {
  /** Another path of the folder, of plain letters and short. */
  folder: string;
  /** From now on that path leads nowhere. */
  release(): void;
}

/** Gives a folder a plain name for a while: by its descriptor, or where there is no /proc by a link of ours. */
export function nameFolder(path: string, platform: NodeJS.Platform = process.platform): NamedFolder {
  if (platform === 'darwin') {
    // TMPDIR is long there, and a socket's path short.
    const work = mkdtempSync('/tmp/cspace-');
    const link = join(work, 'at');
    symlinkSync(path, link);
    return { folder: link, release: () => rmSync(work, { recursive: true, force: true }) };
  }
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  return { folder: `/proc/self/fd/${fd}`, release: () => closeSync(fd) };
}
