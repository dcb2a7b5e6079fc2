/**
 * cp(1) for what is in a folder, into one that exists: by copy-on-write where the file system has it (APFS, Btrfs, XFS), else
 * by an ordinary copy; links as links. Both programs fall back by themselves, macOS' since 12 (its cp(1), `-c`).
 */
export function getCopyTreeArgv(
  from: string,
  to: string,
  platform: NodeJS.Platform = process.platform,
): string[] {
  return ['cp', '-R', platform === 'darwin' ? '-c' : '--reflink=auto', `${from}/.`, to];
}
