import { dlopen, FFIType, ptr } from 'bun:ffi';
import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, openSync } from 'node:fs';

export interface MemoryFileOptions {
  bytes: number;
  /** Whose it is. */
  uid: number;
  /** In pages of 2 MiB, where the kernel has them: many of its pages are written, and none may cost a fault of its own. */
  huge?: boolean;
}

const MFD_CLOEXEC = 1;

/**
 * A file in memory alone, of that size and with nothing in it: it takes room as it is written to, and is gone with the
 * last who has it open. Others reach it by /proc/PID/fd, where they are that user. The descriptor is closed on exec; a
 * child gets it by having it among its `stdio`. Throws where there is none to be had.
 */
export function openMemoryFile(name: string, { bytes, uid, huge = false }: MemoryFileOptions): number {
  const fd = (huge ? openHuge() : undefined) ?? openMemfd(name);
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

/** Neither Node nor Bun has memfd_create(2); libc does. */
function openMemfd(name: string): number {
  const libc = dlopen('libc.so.6', {
    memfd_create: { args: [FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  });
  const fd = libc.symbols.memfd_create(ptr(toCString(name)), MFD_CLOEXEC);
  if (fd < 0) throw new Error('the kernel gives no file in memory');
  return fd;
}

/** Numbers of system calls that are the same everywhere (asm-generic/unistd.h), since Linux 5.2. */
const SYSCALL = { fsopen: 430, fsconfig: 431, fsmount: 432 } as const;
/** From <linux/mount.h>. */
const FSOPEN_CLOEXEC = 1;
const FSCONFIG = { setString: 1, create: 6 } as const;
const FSMOUNT_CLOEXEC = 1;
const MOUNT_ATTR = { nosuid: 2, nodev: 4, noexec: 8 } as const;
/** From <asm-generic/fcntl.h>; Node has O_DIRECTORY alone. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * A file without a name in a tmpfs of its own, which is mounted nowhere and goes with the file. Only a tmpfs can be told to
 * have huge pages (tmpfs(5), `huge`) where the host is not set up for them; a file of memfd_create cannot. Undefined where
 * the kernel will not.
 */
function openHuge(): number | undefined {
  const i64 = FFIType.i64;
  const libc = dlopen('libc.so.6', { syscall: { args: [i64, i64, i64, i64, i64, i64], returns: i64 } });
  const call = (name: keyof typeof SYSCALL, ...args: number[]) => {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
    return Number(libc.symbols.syscall(SYSCALL[name], a, b, c, d, e));
  };
  const context = call('fsopen', ptr(toCString('tmpfs')), FSOPEN_CLOEXEC);
  if (context < 0) return undefined;
  const set = (key: string, value: string) =>
    call('fsconfig', context, FSCONFIG.setString, ptr(toCString(key)), ptr(toCString(value))) === 0;
  try {
    // Whoever fills it has bounds of his own: a file system that is full would be an error in the middle of a machine.
    if (!set('huge', 'always') || !set('size', '0')) return undefined;
    if (call('fsconfig', context, FSCONFIG.create) !== 0) return undefined;
    const { nosuid, nodev, noexec } = MOUNT_ATTR;
    const mount = call('fsmount', context, FSMOUNT_CLOEXEC, nosuid | nodev | noexec);
    if (mount < 0) return undefined;
    try {
      return openSync(`/proc/self/fd/${mount}`, constants.O_RDWR | O_TMPFILE, 0o600);
    } finally {
      closeSync(mount);
    }
  } finally {
    closeSync(context);
  }
}

const toCString = (text: string) => Buffer.from(`${text}\0`);
