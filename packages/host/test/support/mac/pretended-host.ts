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
  /** Who calls the CLI. */
  uid: number;
  /** The CLI as on a Mac, called by a plain user, unless `root`. */
  cspace(args: string[], options?: CallOptions): Promise<RunResult>;
}

interface CallOptions {
  env?: Record<string, string>;
  root?: boolean;
  cwd?: string;
  input?: string;
}

/**
 * A host that takes itself for a Mac: what it asks of macOS is answered by `programs`. Its user may use sudo, as most
 * users of a Mac may. Needs root.
 */
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
  const setup = [
    `mount --bind ${mac.folder} /usr/local/bin`,
    `echo 'ada:x:${UID}:${UID}::${home}:/bin/sh' >>/etc/passwd`,
    "echo 'ada:*:19000:0:99999:7:::' >>/etc/shadow",
    "if [ -d /etc/sudoers.d ]; then echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ada; fi",
  ].join('\n');
  const host = await createPrivateHost({ network: true, setup });
  const asAda = ['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--'];
  return {
    ...host,
    mac,
    home,
    uid: UID,
    cspace(args, { env = {}, root = false, cwd = home, input = '' } = {}) {
      const argv = [...(root ? [] : asAda), self, MAIN, ...args];
      return host.run(['sh', '-c', 'printf %s "$INPUT" | env -u INPUT "$@"', 'sh', ...argv], {
        cwd,
        env: { CSPACE_HOME: join(home, '.cspace'), HOME: home, INPUT: input, ...env },
      });
    },
    async dispose() {
      await host.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
