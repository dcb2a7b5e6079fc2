import { plugin } from 'bun';

/**
 * For `bun --preload`: the program takes this host for a Mac. What it then asks of the host (scutil, sw_vers, …) has to be
 * on its PATH. There is no such door in the program itself.
 */
const pretend = (name: 'platform' | 'arch' | 'execPath', value: string) =>
  Object.defineProperty(process, name, { value, configurable: true });

const { PRETEND_ARCH = 'arm64', PRETEND_RELEASE = '25.1.0', PRETEND_SELF } = process.env;
pretend('platform', 'darwin');
pretend('arch', PRETEND_ARCH);
// What runs this program again has to pretend as well.
if (PRETEND_SELF !== undefined) pretend('execPath', PRETEND_SELF);

// Changed before anything imports it by name: Bun copies the names of its own modules at their first import.
process.getBuiltinModule('node:os').release = () => PRETEND_RELEASE;

plugin({
  name: 'pretend',
  setup(build) {
    // The C library of a Mac this host cannot load: its own has the same calls.
    build.onLoad({ filter: /\/system\/libc\.ts$/ }, () => ({
      contents: "export const LIBC = 'libc.so.6';",
      loader: 'ts',
    }));
  },
});
