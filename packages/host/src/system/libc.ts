/** The C library of this host, for the calls that neither Node nor Bun has. On a Mac its file exists for the loader only. */
export const LIBC = process.platform === 'darwin' ? '/usr/lib/libSystem.B.dylib' : 'libc.so.6';
