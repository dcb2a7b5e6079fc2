import { dlopen, FFIType, ptr } from 'bun:ffi';
import { closeSync, fchmodSync, lchownSync, rmSync } from 'node:fs';

// Linux: bits/socket.h, sys/un.h.
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const PATH_BYTES = 108;

/**
 * A listening socket for a program that is given it open, so that the program need not be able to write where it stands.
 * Only `uid` and root can connect to it, from the first moment. What has the path is removed. The caller closes the
 * descriptor; the file goes with its folder. Linux only: neither Node nor Bun tell the descriptor of theirs.
 */
export function listenUnix(path: string, uid: number): number {
  const bytes = Buffer.from(`${path}\0`);
  if (bytes.length > PATH_BYTES) throw new RangeError(`too long for the path of a socket: ${path}`);
  const { symbols } = dlopen('libc.so.6', {
    socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
    bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
    listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  });
  const fd = symbols.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error('socket: no more descriptors');
  try {
    // The file gets the mode that the socket has.
    fchmodSync(fd, 0o600);
    rmSync(path, { force: true });
    const address = Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), bytes]);
    if (symbols.bind(fd, ptr(address), address.length) !== 0)
      throw new Error(`cannot make a socket: ${path}`);
    lchownSync(path, uid, uid);
    if (symbols.listen(fd, 1) !== 0) throw new Error(`cannot listen: ${path}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
