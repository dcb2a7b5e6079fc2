import { createHash } from 'node:crypto';

/** What a machine can write at most: what it does write is all that it takes of the host's disk. */
export const DISK_BYTES = 16 * 1024 ** 3;

/**
 * The file reads as zeros, so inode tables count as written (else the guest's kernel fills 256 MiB of them after the
 * first mount) and the journal as empty; metadata stands together, so that a copy has few pieces. It takes 250 KiB.
 */
const FORMAT = [
  ...['-q', '-F', '-L', 'cspace-disk', '-m', '0', '-J', 'size=64', '-O', '^resize_inode'],
  ...['-E', 'lazy_itable_init=0,lazy_journal_init=1,packed_meta_blocks=1'],
] as const;

export const getMkfsArgv = (file: string): string[] => ['mkfs.ext4', ...FORMAT, file];

/** Another name for another format. */
export const EMPTY_DISK = `empty-${createHash('sha256')
  .update([DISK_BYTES, ...FORMAT].join(' '))
  .digest('hex')
  .slice(0, 12)}.ext4`;
