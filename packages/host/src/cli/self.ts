import { fileURLToPath } from 'node:url';

/**
 * Bun reads `.env`, `bunfig.toml` and `tsconfig.json` (whose `paths` can even stand for our main file) of the current
 * folder, which is somebody's project, unless told not to.
 */
const BUN_FLAGS = [
  '--no-env-file',
  '--config=/dev/null',
  '--tsconfig-override=/dev/null',
  '--no-install',
] as const;

/** The argv that runs this program again: the standalone binary itself, or Bun with our main file. */
export function getSelf(
  execPath: string = process.execPath,
  moduleUrl: string = import.meta.url,
): readonly string[] {
  // The files inside of a compiled binary stand under this path.
  if (moduleUrl.includes('/$bunfs/')) return [execPath];
  return [execPath, ...BUN_FLAGS, fileURLToPath(new URL('../main.ts', moduleUrl))];
}
