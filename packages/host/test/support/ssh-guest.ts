import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { getSshArgv, type SshMachine } from '../../src/substrate/qemu/ssh/argv.ts';
import { endConnections } from '../../src/substrate/qemu/ssh/connections.ts';
import { type GuestKeys, makeSshFiles, readGuestKeys } from '../../src/substrate/qemu/ssh/keys.ts';
import type { ExecOptions } from '../../src/substrate/substrate.ts';
import { quoteWord } from '../../src/system/quote.ts';
import { createPrivateHost, getPackagesObstacle, type PrivateHost } from './private-host.ts';

/** Why these tests cannot run here. */
export function getSshObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (process.env.CSPACE_LAB === undefined) return 'listens on port 22: run it by scripts/lab';
  return getPackagesObstacle();
}

/** Nobody's, and no machine's. */
export const UID = 400_700;
const KEYS_TIMEOUT_MS = 30_000;
const UNTIL_MS = 15_000;

export const shell = (script: string) => ['sh', '-c', script];
/** What a client says last where there is no connection. */
export const LOST = 'cspace: no connection to the sandbox: it could not be made, or was lost\n';

const getLines = (argv: string[]) => Bun.spawnSync(argv).stdout.toString().trim().split('\n').filter(Boolean);

/** Processes of the machine's user, by their command lines. */
export const listOwn = () =>
  getLines(['ps', '-U', String(UID), '-o', 'args=']).filter((line) => !line.includes('<defunct>'));
export const listOwnPids = () => getLines(['pgrep', '-U', String(UID)]).map(Number);
/** Processes of exactly this command line. */
export const countProcesses = (line: string) => getLines(['pgrep', '-xf', line]).length;

export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + UNTIL_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it did not come to that');
    await Bun.sleep(20);
  }
}

/** A real sshd, set up as a guest's, in this network namespace. */
export interface SshGuest {
  machine: SshMachine;
  host: PrivateHost;
  argv(argv: readonly string[], options?: Partial<ExecOptions>, as?: SshMachine): string[];
  exec(argv: readonly string[], options?: Partial<ExecOptions>, as?: SshMachine): Promise<Outcome>;
  /** Ends sshd and all connections to it, without a word to the other side where `silently`. */
  end(): Promise<void>;
  startSshd(): Promise<void>;
  dispose(): Promise<void>;
}

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

export async function makeSshGuest(address: string): Promise<SshGuest> {
  const folder = mkdtempSync('/run/cspace-ssh-');
  chmodSync(folder, 0o711);
  const machine = { folder, uid: UID, address };
  await makeSshFiles(machine, AbortSignal.timeout(KEYS_TIMEOUT_MS));
  const keys = await readGuestKeys(folder);
  const host = await createPrivateHost({ packages: true, run: true, setup: getSetup(keys, address) });
  let sshd: Bun.Subprocess | undefined;
  const guest: SshGuest = {
    machine,
    host,
    argv: (argv, options, as = machine) =>
      getSshArgv(as, argv, { tty: false, user: 'root', cwd: '/', env: {}, ...options }),
    async exec(argv, options, as) {
      const child = Bun.spawn(guest.argv(argv, options, as), {
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
        timeout: 60_000,
      });
      const [out, err, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { code, out, err };
    },
    async startSshd() {
      sshd = host.start(['/usr/sbin/sshd', '-D', '-e', '-f', '/run/cspace-vm/sshd_config']);
      while (Bun.spawnSync(['bash', '-c', `exec 3<>/dev/tcp/${address}/22`]).exitCode !== 0)
        await Bun.sleep(20);
    },
    async end() {
      if (!sshd) return;
      for (const pid of await getDescendants(sshd.pid)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It went with the one before.
        }
      }
      await sshd.exited;
      sshd = undefined;
    },
    async dispose() {
      await endConnections(folder);
      await guest.end();
      await host.dispose();
      rmSync(folder, { recursive: true });
    },
  };
  await guest.startSshd();
  return guest;
}

/** A process and all that came of it. */
async function getDescendants(pid: number): Promise<number[]> {
  const text = await Bun.file(`/proc/${pid}/task/${pid}/children`)
    .text()
    .catch(() => '');
  const children = await Promise.all(
    text
      .split(' ')
      .filter(Boolean)
      .map((one) => getDescendants(Number(one))),
  );
  return [...children.flat(), pid];
}

/** What stands in for the guest kit's helper. */
const EXEC = `#!/usr/bin/perl
my (%given, @variables);
while ((my $name = shift) ne '--') {
  my $value = shift;
  if ($name eq '--env') { push @variables, $value } else { $given{$name} = $value }
}
chdir $given{'--cwd'} or exit 126;
my $user = $given{'--user'};
my @clean = ('env', '-i', 'PATH=/usr/local/bin:/usr/bin:/bin', @variables);
my $status = system @clean, 'setpriv', '--reuid', $user, '--regid', $user, '--init-groups', '--', @ARGV;
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
`;

const SSHD_CONFIG = `
HostKey /run/cspace-vm/host_key
AuthorizedKeysFile /run/cspace-vm/authorized
PidFile none
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
# Debian's bash reads ~/.bashrc for a command of sshd's, unless it is not the first shell.
SetEnv SHLVL=2
PermitUserRC no
MaxStartups 100
MaxSessions 1000
`;

function getSetup({ hostKey, authorized }: GuestKeys, address: string): string {
  const write = (name: string, text: string) => `printf %s ${quoteWord(text)} >/run/cspace-vm/${name}`;
  return [
    'umask 022; mkdir -p /run/sshd /run/cspace-vm; chmod 700 /run/cspace-vm; umask 077',
    write('host_key', hostKey),
    write('authorized', `${authorized}\n`),
    write('sshd_config', `ListenAddress ${address}:22\n${SSHD_CONFIG}`),
    write('exec', EXEC),
    'chmod 755 /run/cspace-vm/exec; umask 022',
    "grep -q ^sshd: /etc/passwd || echo 'sshd:x:110:65534::/run/sshd:/usr/sbin/nologin' >>/etc/passwd",
    "echo 'dev:x:1000:1000::/home/dev:/bin/sh' >>/etc/passwd; echo 'dev:x:1000:' >>/etc/group",
    "sed -i 's/^root:[^:]*/root:*/' /etc/shadow",
    'mount -t tmpfs -o mode=755 tmpfs /usr/local/bin',
    `printf '#!/bin/sh\\nSECRET=known exec "$@"\\n' >/usr/local/bin/cspace-env; chmod 755 /usr/local/bin/cspace-env`,
  ].join('\n');
}
