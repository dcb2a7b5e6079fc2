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

const REPLACED: Record<string, string> = {
  // The C library of a Mac this host cannot load: its own has the same calls.
  libc: "export const LIBC = 'libc.so.6';",
  kernel: `export const getKernelRelease = () => ${JSON.stringify(PRETEND_RELEASE)};`,
};

plugin({
  name: 'pretend',
  setup(build) {
    build.onLoad({ filter: /\/system\/(?:libc|kernel)\.ts$/ }, ({ path }) => ({
      contents: REPLACED[/(\w+)\.ts$/.exec(path)?.[1] ?? ''] ?? '',
      loader: 'ts',
    }));
  },
});
