import { dlopen, FFIType, ptr } from 'bun:ffi';
import { closeSync, fchmodSync, fchownSync, ftruncateSync } from 'node:fs';

const MFD_CLOEXEC = 1;

/**
 * A file in memory alone, of that size and with nothing in it: it takes room as it is written to, and is gone with the
 * last who has it open. Others reach it by /proc/PID/fd, where they are that user. The descriptor is closed on exec; a
 * child gets it by having it among its `stdio`. Neither Node nor Bun has memfd_create(2); libc does. Throws where there
 * is none to be had.
 */
export function openMemoryFile(name: string, { bytes, uid }: { bytes: number; uid: number }): number {
  const libc = dlopen('libc.so.6', {
    memfd_create: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  });
  const fd = libc.symbols.memfd_create(ptr(Buffer.from(`${name}\0`)), MFD_CLOEXEC);
  if (fd < 0) throw new Error('the kernel gives no file in memory');
  try {
    ftruncateSync(fd, bytes);
    fchmodSync(fd, 0o600);
    fchownSync(fd, uid, uid);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
