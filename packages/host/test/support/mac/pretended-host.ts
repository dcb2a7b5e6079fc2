import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPrivateHost, type PrivateHost, type RunResult } from '../private-host.ts';
import { type StandIns, writeStandIns } from './stand-ins.ts';

const MAIN = resolve(import.meta.dir, '../../../src/main.ts');
const PRETEND = fileURLToPath(import.meta.resolve('./pretend-darwin.ts'));
/** Ada's. */
const UID = 1501;

export interface PretendedHost extends PrivateHost {
  mac: StandIns;
  home: string;
  /** The CLI as on a Mac, called by a plain user, unless `root`. */
  cspace(args: string[], options?: { env?: Record<string, string>; root?: boolean }): Promise<RunResult>;
}

/** A host that takes itself for a Mac: what it asks of macOS is answered by `programs`. Needs root. */
export async function createPretendedHost(programs: Record<string, string>): Promise<PretendedHost> {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-mac-'));
  chmodSync(folder, 0o755);
  const mac = writeStandIns(folder, programs);
  for (const path of [mac.file(''), mac.file('calls')]) chmodSync(path, 0o777);
  const home = join(folder, 'home');
  mkdirSync(home);
  chownSync(home, UID, UID);
  const self = join(folder, 'bun');
  writeFileSync(
    self,
    `#!/bin/sh\nPRETEND_SELF='${self}' exec '${process.execPath}' --preload '${PRETEND}' "$@"\n`,
  );
  chmodSync(self, 0o755);
  // Where the program looks for them: its PATH is fixed.
  const host = await createPrivateHost({ network: true, setup: `mount --bind ${mac.folder} /usr/local/bin` });
  const asAda = ['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--'];
  return {
    ...host,
    mac,
    home,
    cspace: (args, { env = {}, root = false } = {}) =>
      host.run([...(root ? [] : asAda), self, MAIN, ...args], {
        env: { CSPACE_HOME: join(home, '.cspace'), HOME: home, ...env },
      }),
    async dispose() {
      await host.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
