import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { ProblemError } from '@cspace/protocol/problem';

const decompress = promisify(zstdDecompress);

/** Offsets in a bzImage: "The Linux/x86 Boot Protocol", Documentation/arch/x86/boot.rst of the kernel. */
const SETUP_SECTS = 0x1f1;
const MAGIC = 0x202;
const VERSION = 0x206;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
/** `HdrS`, little-endian. */
const HDRS = 0x53726448;
/** The first whose header tells where the payload is. */
const LEAST_VERSION = 0x0208;
const SECTOR = 512;
/** The payload ends with the size of what it unpacks to. */
const SIZE_BYTES = 4;

const FORMATS = [
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'lz4', magic: [0x02, 0x21, 0x4c, 0x18] },
  { name: 'gzip', magic: [0x1f, 0x8b] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58] },
  { name: 'lzma', magic: [0x5d, 0x00, 0x00] },
  { name: 'lzo', magic: [0x89, 0x4c, 0x5a] },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68] },
] as const;
const ELF = [0x7f, 0x45, 0x4c, 0x46] as const;

/** The compressed kernel inside a bzImage, and the size that it unpacks to. Throws `image-build-failed`. */
export function parseBzImage(image: Uint8Array): { format: string; payload: Uint8Array; size: number } {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  if (image.length < PAYLOAD_LENGTH + 4 || view.getUint32(MAGIC, true) !== HDRS)
    throw getProblem('it is no bzImage');
  if (view.getUint16(VERSION, true) < LEAST_VERSION) throw getProblem('its boot protocol is older than 2.08');
  // Zero stands for four, says the protocol.
  const setupSectors = image[SETUP_SECTS] || 4;
  const start = (setupSectors + 1) * SECTOR + view.getUint32(PAYLOAD_OFFSET, true);
  const end = start + view.getUint32(PAYLOAD_LENGTH, true);
  if (end > image.length || end - start <= SIZE_BYTES) throw getProblem('it is cut short');
  const payload = image.subarray(start, end - SIZE_BYTES);
  const format = FORMATS.find(({ magic }) => startsWith(payload, magic))?.name ?? 'unknown';
  return { format, payload, size: view.getUint32(end - SIZE_BYTES, true) };
}

/**
 * The kernel of a bzImage, uncompressed: QEMU loads an ELF by itself, which saves the guest the unpacking. Throws
 * `image-build-failed` where it is compressed in another way than Debian's 6.12 is.
 */
export async function extractVmlinux(image: Uint8Array): Promise<Uint8Array> {
  const { format, payload, size } = parseBzImage(image);
  if (format !== 'zstd') throw getProblem(`it is compressed by ${format}; cspace reads zstd`);
  const kernel = await decompress(payload).catch((cause) => {
    throw getProblem('its zstd payload is damaged', cause);
  });
  // A payload that is cut short unpacks without an error.
  if (kernel.length !== size) throw getProblem(`it unpacks to ${kernel.length} bytes, not to ${size}`);
  if (!startsWith(kernel, ELF)) throw getProblem('what it unpacks to is no ELF file');
  return kernel;
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

function getProblem(why: string, cause?: unknown): ProblemError {
  return new ProblemError(
    { code: 'image-build-failed', message: 'the kernel of microVMs cannot be read', why },
    { cause },
  );
}
