/**
 * The Debian package that brings virtiofsd, by os-release(5): with Debian 12 the one in C that belongs to QEMU 7.2, later
 * the one in Rust, which is a package of its own. Pure.
 */
export function getVirtiofsdPackage(osRelease: string): string {
  const read = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? '';
  const isOld = read('ID') === 'debian' && Number.parseInt(read('VERSION_ID'), 10) <= 12;
  return isOld ? 'qemu-system-common' : 'virtiofsd';
}
