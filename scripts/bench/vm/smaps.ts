import { GUEST_MEMORY } from '../../../packages/host/test/support/vm-processes.ts';

/** Proportional share of memory: what is shared counts by how many share it. In KiB. */
export interface Share {
  all: number;
  /** Of it, the guest's own memory, as QEMU and the folders' server map it. */
  guest: number;
}

/** The first line of a mapping: `from-to mode offset device inode path`. */
const HEAD = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/;

/** Of /proc/PID/smaps (proc(5)). */
export function parseSmaps(text: string): Share {
  const share = { all: 0, guest: 0 };
  let path = '';
  for (const line of text.split('\n')) {
    const head = HEAD.exec(line);
    if (head) path = head[1] ?? '';
    const pss = Number(/^Pss: +(\d+) kB$/.exec(line)?.[1] ?? 0);
    share.all += pss;
    if (GUEST_MEMORY.test(path)) share.guest += pss;
  }
  return share;
}
