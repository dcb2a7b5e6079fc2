/** A file system is told apart by what it is, not by when it was made. */
const UUID = '7063c5ac-e000-4000-8000-000000000001';

/**
 * lz4 unpacks quickest; 64 KiB at a time makes it a tenth smaller than 4 KiB, and reads of big programs fewer. Files keep
 * their times.
 */
export const EROFS_FORMAT = ['-zlz4', '-C65536', '--preserve-mtime'] as const;

/** Makes a read-only file system of a folder, which notes when that was. */
export const getErofsArgv = (file: string, folder: string): string[] => [
  ...['mkfs.erofs', '--quiet', ...EROFS_FORMAT, '-U', UUID, file, folder],
];

/** The same folder is the same bytes, once its files' times are zero: `-T` of 1.5 sets those too, later ones its own only. */
export const getTimelessErofsArgv = (file: string, folder: string): string[] => [
  ...['mkfs.erofs', '--quiet', '-zlz4', '-C65536', '-T', '0', '-U', UUID, file, folder],
];
