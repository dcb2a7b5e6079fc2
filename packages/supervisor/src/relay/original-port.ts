import { dlopen, FFIType, ptr } from 'bun:ffi';

/** getsockopt(2), linux/netfilter_ipv4.h. */
const SOL_IP = 0;
const SO_ORIGINAL_DST = 80;
/** sizeof(struct sockaddr_in); its port stands at 2, in network order. */
const ADDRESS_SIZE = 16;
const PORT_OFFSET = 2;

/**
 * Gives a function that asks the kernel which port the client of a redirected connection called, by the connection's
 * descriptor; undefined where it was not redirected at all.
 */
export function openOriginalPort(): (descriptor: number) => number | undefined {
  const libc = dlopen('libc.so.6', {
    getsockopt: {
      args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr],
      returns: FFIType.i32,
    },
  });
  const address = new Uint8Array(ADDRESS_SIZE);
  const size = new Uint32Array(1);
  return (descriptor) => {
    size[0] = ADDRESS_SIZE;
    const failed =
      libc.symbols.getsockopt(descriptor, SOL_IP, SO_ORIGINAL_DST, ptr(address), ptr(size)) !== 0;
    return failed ? undefined : new DataView(address.buffer).getUint16(PORT_OFFSET);
  };
}
