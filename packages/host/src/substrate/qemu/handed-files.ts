import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { ProblemError } from '@cspace/protocol/problem';
import { openTap } from '../../system/tap.ts';
import { HANDED, type HandedFile } from './argv.ts';
import type { VmImage } from './image/vm-image.ts';

const { O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;

export interface HandedFilesOptions {
  image: VmImage;
  /** The machine's own. */
  disk: string;
  /** The host's end of its cable. */
  link: string;
  /** Open already; it stays open. */
  memory: number;
}

/** What QEMU gets open, in the order that its command line has; closed by `close`. */
export interface HandedFiles {
  fds: number[];
  close(): void;
}

/** All of them, or none. The disk is in a folder of the owner's, who may have put anything in its place. Throws. */
export function openHandedFiles({ image, disk, link, memory }: HandedFilesOptions): HandedFiles {
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds) closeSync(fd);
  };
  const open = (path: string, flags = O_RDONLY) => {
    const fd = openSync(path, flags);
    fds.push(fd);
    return fd;
  };
  const openDisk = () => {
    const fd = open(disk, O_RDWR | O_NOFOLLOW);
    if (!fstatSync(fd).isFile()) throw new Error(`${disk} is no file`);
    return fd;
  };
  const openLink = () => {
    const fd = openTap(link);
    fds.push(fd);
    return fd;
  };
  try {
    const opened: Record<HandedFile, number> = {
      vmlinux: open(image.vmlinux),
      initrd: open(image.initrd),
      root: open(image.root),
      modules: open(image.modules),
      disk: openDisk(),
      tap: openLink(),
      memory,
    };
    return { fds: HANDED.map((name) => opened[name]), close };
  } catch (error) {
    close();
    if (error instanceof ProblemError) throw error;
    throw getStartProblem(error instanceof Error ? error.message : String(error));
  }
}

/** Why QEMU is not there. */
export function getStartProblem(why: string): ProblemError {
  return new ProblemError({
    code: /not installed/.test(why) ? 'engine-missing' : 'machine-failed',
    message: 'QEMU did not start',
    ...(why === '' ? {} : { why }),
    fix: /not installed/.test(why) ? 'cspace setup --substrate qemu' : 'cspace doctor',
  });
}
