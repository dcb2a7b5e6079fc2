/** What stands in an initramfs: a folder, a file, or a character device. */
export type CpioEntry = { path: string; mode: number } & (
  | { kind: 'folder' }
  | { kind: 'file'; bytes: Uint8Array }
  | { kind: 'device'; major: number; minor: number }
);

const TYPES = { folder: 0o040000, file: 0o100000, device: 0o020000 } as const;
const MAGIC = '070701';
const TRAILER = 'TRAILER!!!';
const ALIGNMENT = 4;

/**
 * An archive in the format `newc`, as the kernel unpacks one (Documentation/driver-api/early-userspace/buffer-format.rst):
 * everything root's, times zero, names sorted, so that the same entries are the same bytes. Folders above an entry have
 * to be among the entries.
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const parts = sorted.flatMap((entry, i) => getRecord(entry, i + 1));
  parts.push(...getParts(TRAILER, {}));
  return new Uint8Array(Buffer.concat(parts));
}

function getRecord(entry: CpioEntry, inode: number): Uint8Array[] {
  const mode = TYPES[entry.kind] | entry.mode;
  // Two links to a folder, as everywhere; the kernel takes more than one of a file for a hard link.
  if (entry.kind === 'folder') return getParts(entry.path, { inode, mode, links: 2 });
  if (entry.kind === 'device') return getParts(entry.path, { inode, mode, links: 1, device: entry });
  return getParts(entry.path, { inode, mode, links: 1, bytes: entry.bytes });
}

interface Header {
  inode?: number;
  mode?: number;
  links?: number;
  device?: { major: number; minor: number };
  bytes?: Uint8Array;
}

function getParts(path: string, header: Header): Uint8Array[] {
  const {
    inode = 0,
    mode = 0,
    links = 1,
    device = { major: 0, minor: 0 },
    bytes = new Uint8Array(),
  } = header;
  const name = Buffer.from(`${path}\0`);
  // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const fields = [
    inode,
    mode,
    0,
    0,
    links,
    0,
    bytes.length,
    0,
    0,
    device.major,
    device.minor,
    name.length,
    0,
  ];
  const head = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  return [head, name, getPadding(head.length + name.length), bytes, getPadding(bytes.length)];
}

const getPadding = (length: number): Uint8Array =>
  new Uint8Array((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
