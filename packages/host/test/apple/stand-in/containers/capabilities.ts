/** What a machine's first process has where nobody says anything. */
const DEFAULTS = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

const strip = (name: string): string => name.toUpperCase().replace(/^CAP_/, '');

/** With its prefix, as `inspect` shows it. */
export const getFullName = (name: string): string => (strip(name) === 'ALL' ? 'ALL' : `CAP_${strip(name)}`);

/** Drops come first, so that an added one is there whatever was dropped. Pure; podman's names, `ALL` among them. */
export function getCapabilities(add: readonly string[], drop: readonly string[]): string[] {
  const dropped = drop.map(strip);
  const kept = dropped.includes('ALL') ? [] : DEFAULTS.filter((name) => !dropped.includes(name));
  return [...new Set([...kept, ...add.map(strip)])];
}
