import { plugin } from 'bun';

/**
 * For `bun --preload`: the program takes this host for a Mac. What it then asks of the host (scutil, sw_vers, …) has to be
 * on its PATH. There is no such door in the program itself.
 */
const pretend = (name: 'platform' | 'arch', value: string) =>
  Object.defineProperty(process, name, { value, configurable: true });

pretend('platform', 'darwin');
pretend('arch', process.env.PRETEND_ARCH ?? 'arm64');

// Its C library this host cannot load: ours has the same calls.
plugin({
  name: 'libc',
  setup(build) {
    build.onLoad({ filter: /\/system\/libc\.ts$/ }, () => ({
      contents: "export const LIBC = 'libc.so.6';",
      loader: 'ts',
    }));
  },
});
