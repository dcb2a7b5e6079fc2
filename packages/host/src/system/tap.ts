import { dlopen, FFIType, ptr } from 'bun:ffi';
import { closeSync, constants, openSync } from 'node:fs';
import { ProblemError } from '@cspace/protocol/problem';

/** linux/if_tun.h */
const TUNSETIFF = 0x400454ca;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
/** `struct ifreq`: the name in 16 bytes, then a union that begins with the flags. */
const IFREQ = { size: 40, name: 16 };

/**
 * Opens one end of a tap: frames with the header of virtio in front, as QEMU takes them. A tap of that name is made where
 * there is none. The descriptor is closed on exec; a child gets it by having it among its `stdio`. Neither Node nor Bun has
 * ioctl(2); libc does. Throws `network-unavailable`, also where another process has the tap open.
 */
export function openTap(link: string): number {
  const message = `could not open the tap ${link}`;
  const fail = (why: string, fix: string) => {
    throw new ProblemError({ code: 'network-unavailable', message, why, fix });
  };
  if (!/^[\x21-\x7e]{1,15}$/.test(link)) throw new TypeError(`not the name of a link: ${link}`);
  let fd: number;
  try {
    fd = openSync('/dev/net/tun', constants.O_RDWR);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 'modprobe tun');
  }
  const request = Buffer.alloc(IFREQ.size);
  request.write(link, 0, 'latin1');
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, IFREQ.name);
  const libc = dlopen('libc.so.6', {
    ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  });
  if (libc.symbols.ioctl(fd, TUNSETIFF, ptr(request)) !== 0) {
    closeSync(fd);
    return fail('it is in use, or it is no tap, or there is no permission', 'cspace doctor');
  }
  return fd;
}
