import { createHash } from 'node:crypto';

/** What a Mach-O file says of itself (mach-o/loader.h); 64 bits, little-endian, not a fat one. */
export interface MachO {
  machine: 'x64' | 'arm64' | 'other';
  type: 'executable' | 'other';
  /** Libraries that the loader brings, by path. */
  dylibs: string[];
  /** The oldest macOS that it says it runs on. */
  minimum: string | undefined;
  signature: Place | undefined;
}

interface Place {
  offset: number;
  size: number;
}

const MAGIC = 0xfeedfacf;
const MACHINES: Record<number, MachO['machine']> = { 16777223: 'x64', 16777228: 'arm64' };
const EXECUTE = 2;
const HEADER = 32;
/** LC_LOAD_DYLIB, LC_LOAD_WEAK_DYLIB, LC_REEXPORT_DYLIB, LC_LOAD_UPWARD_DYLIB. */
const DYLIB = [0xc, 0x80000018, 0x8000001f, 0x80000023];
const LC = { signature: 0x1d, build: 0x32 };

export const isMachO = (bytes: Buffer): boolean => bytes.length > HEADER && bytes.readUInt32LE(0) === MAGIC;

/** Throws where it is none. Pure. */
export function parseMachO(bytes: Buffer): MachO {
  if (!isMachO(bytes)) throw new Error('no 64-bit Mach-O');
  const found: MachO = {
    machine: MACHINES[bytes.readUInt32LE(4)] ?? 'other',
    type: bytes.readUInt32LE(12) === EXECUTE ? 'executable' : 'other',
    dylibs: [],
    minimum: undefined,
    signature: undefined,
  };
  let at = HEADER;
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    const command = bytes.readUInt32LE(at);
    if (DYLIB.includes(command)) found.dylibs.push(readString(bytes, at + bytes.readUInt32LE(at + 8)));
    if (command === LC.build) found.minimum = formatVersion(bytes.readUInt32LE(at + 12));
    if (command === LC.signature)
      found.signature = { offset: bytes.readUInt32LE(at + 8), size: bytes.readUInt32LE(at + 12) };
    at += bytes.readUInt32LE(at + 4);
  }
  return found;
}

const formatVersion = (word: number) => `${word >>> 16}.${(word >>> 8) & 0xff}`;
const readString = (bytes: Buffer, at: number) => bytes.toString('utf8', at, bytes.indexOf(0, at));

/** Of cs_blobs.h, big-endian: an index of blobs, and in one of them the hashes of the file's pages. */
const BLOBS = { index: 0xfade0cc0, directory: 0xfade0c02 };
const SHA256 = 2;
const ADHOC = 0x2;

export interface Signature {
  identifier: string;
  /** Signed by nobody: enough for Apple silicon to run it, not for Gatekeeper. */
  adhoc: boolean;
  pages: number;
  /** Pages whose content is not what was signed; with one of them the kernel kills the process. */
  broken: number;
}

/** The code signature, checked page by page; undefined where there is none. Apple silicon runs nothing without. Pure. */
export function checkSignature(bytes: Buffer, { signature }: MachO): Signature | undefined {
  if (!signature || bytes.readUInt32BE(signature.offset) !== BLOBS.index) return undefined;
  const blobs = Array.from(
    { length: bytes.readUInt32BE(signature.offset + 8) },
    (_, index) => signature.offset + bytes.readUInt32BE(signature.offset + 16 + index * 8),
  );
  const at = blobs.find((blob) => bytes.readUInt32BE(blob) === BLOBS.directory);
  if (at === undefined || bytes[at + 37] !== SHA256) return undefined;
  const read = (offset: number) => bytes.readUInt32BE(at + offset);
  const pageSize = 2 ** (bytes[at + 39] ?? 0);
  const [hashes, pages, limit] = [at + read(16), read(28), read(32)];
  let broken = 0;
  for (let page = 0; page < pages; page += 1) {
    const content = bytes.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit));
    const expected = bytes.subarray(hashes + page * 32, hashes + page * 32 + 32);
    if (!createHash('sha256').update(content).digest().equals(expected)) broken += 1;
  }
  const covers = limit === signature.offset;
  return {
    identifier: readString(bytes, at + read(20)),
    adhoc: (read(12) & ADHOC) !== 0,
    pages,
    broken: covers ? broken : broken + 1,
  };
}
