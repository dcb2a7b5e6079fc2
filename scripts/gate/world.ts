import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The folders that a suite has to itself. */
export interface World {
  folder: string;
  /** TMPDIR of the suite: must be empty after it. */
  temporary: string;
  env: Record<string, string>;
}

/** Passed on to tests from the caller; credentials, proxies and settings of cspace are not. */
const PASSED = [
  ...['PATH', 'TERM', 'CI', 'NO_COLOR', 'FORCE_COLOR', 'USER', 'LOGNAME', 'SUDO_UID', 'SUDO_GID'],
  'CSPACE_TEST_WEB_IMAGE',
  'CSPACE_TEST_SUBSTRATE',
  'CSPACE_TEST_APPLE_VERSION',
];

/** Makes a world. Its path is short: a unix socket's has at most 107 bytes (unix(7)). */
export function createWorld(name: string, env: Record<string, string | undefined>): World {
  const folder = mkdtempSync(`/tmp/cspace-test-${name}-${process.pid}-`);
  chmodSync(folder, 0o755); // tests that change their user have to get in
  const of = (part: string, mode = 0o755): string => {
    const path = join(folder, part);
    mkdirSync(path);
    chmodSync(path, mode);
    return path;
  };
  const temporary = of('tmp', 0o1777);
  const passed = PASSED.flatMap((key) => (env[key] === undefined ? [] : [[key, env[key]]]));
  return {
    folder,
    temporary,
    env: {
      ...Object.fromEntries(passed),
      HOME: of('home'),
      CSPACE_HOME: of('cspace', 0o700),
      CLAUDE_CONFIG_DIR: of('claude'),
      TMPDIR: temporary,
      LANG: 'C.UTF-8',
      LC_ALL: 'C.UTF-8',
      GIT_CONFIG_NOSYSTEM: '1',
    },
  };
}

/** Removes a world; what it holds of sandboxes belongs to their users, so that a plain user needs sudo for it. */
export function removeWorld({ folder }: World): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    const result = Bun.spawnSync(['sudo', '-n', 'rm', '-rf', '--one-file-system', '--', folder]);
    if (!result.success) throw error;
  }
}
