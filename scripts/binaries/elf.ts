/** What an ELF file says of itself (elf(5)); 64 bits, little-endian. */
export interface Elf {
  machine: 'x64' | 'arm64' | 'other';
  type: 'executable' | 'shared' | 'other';
  /** The loader it asks for; undefined where it is static. */
  interpreter: string | undefined;
  /** Libraries that it needs, by name. */
  needed: string[];
}

const MACHINES: Record<number, Elf['machine']> = { 62: 'x64', 183: 'arm64' };
const PT = { load: 1, dynamic: 2, interp: 3 };
const DT = { needed: 1, strtab: 5 };

export const isElf = (bytes: Buffer): boolean => bytes.subarray(0, 4).toString('latin1') === '\x7fELF';

/** Throws where it is none, or of another kind. Pure. */
export function parseElf(bytes: Buffer): Elf {
  if (!isElf(bytes) || bytes[4] !== 2 || bytes[5] !== 1) throw new Error('no 64-bit little-endian ELF');
  const segments = readSegments(bytes);
  const interp = segments.find(({ type }) => type === PT.interp);
  const dynamic = segments.find(({ type }) => type === PT.dynamic);
  return {
    machine: MACHINES[bytes.readUInt16LE(18)] ?? 'other',
    type: ({ 2: 'executable', 3: 'shared' } as const)[bytes.readUInt16LE(16)] ?? 'other',
    interpreter: interp && readString(bytes, interp.offset),
    needed: dynamic ? readNeeded(bytes, segments, dynamic) : [],
  };
}

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

function readSegments(bytes: Buffer): Segment[] {
  const start = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  return Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    const read = (offset: number) => Number(bytes.readBigUInt64LE(at + offset));
    return { type: bytes.readUInt32LE(at), offset: read(8), address: read(16), size: read(32) };
  });
}

function readNeeded(bytes: Buffer, segments: Segment[], dynamic: Segment): string[] {
  const entries = Array.from({ length: dynamic.size / 16 }, (_, index) => {
    const at = dynamic.offset + index * 16;
    return { tag: Number(bytes.readBigInt64LE(at)), value: Number(bytes.readBigUInt64LE(at + 8)) };
  });
  const address = entries.find(({ tag }) => tag === DT.strtab)?.value ?? 0;
  const home = segments.find(
    (segment) =>
      segment.type === PT.load && address >= segment.address && address < segment.address + segment.size,
  );
  if (!home) return [];
  const strings = address - home.address + home.offset;
  return entries
    .filter(({ tag }) => tag === DT.needed)
    .map(({ value }) => readString(bytes, strings + value));
}

function readString(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}
