import { type Command, type Flag, parseCommand } from './notation.ts';

export type { Command, Flag };

const PROCESS = [
  '-e --env <env>…',
  '--env-file <env-file>…',
  '--gid <gid> int',
  '-i --interactive',
  '-t --tty',
  '-u --user <user>',
  '--uid <uid> int',
  '-w --workdir --cwd <dir>',
];

const MANAGEMENT = [
  '-a --arch <arch>',
  '--cap-add <cap>…',
  '--cap-drop <cap>…',
  '--cidfile <cidfile>',
  '-d --detach',
  '--dns <ip>…',
  '--dns-domain <domain>',
  '--dns-option <option>…',
  '--dns-search <domain>…',
  '--entrypoint <cmd>',
  '--init',
  '--init-image <image>',
  '-k --kernel <path>',
  '--kernel-arg <arg>… since 1.2.0',
  '-l --label <label>…',
  '--masked-path <path>… since 1.2.1',
  '--mount <mount>…',
  '--name <name>',
  '--network <network>…',
  '--no-dns',
  '--os <os>',
  '-p --publish <spec>…',
  '--platform <platform>',
  '--publish-socket <spec>…',
  '--read-only',
  '--read-only-path <path>… since 1.2.1',
  '--rm --remove',
  '--rosetta',
  '--runtime <runtime>',
  '--ssh',
  '--shm-size <size> since 1.0.0',
  '--tmpfs <tmpfs>…',
  '--ulimit <limit>…',
  '-v --volume <volume>…',
  '--virtualization',
];

const RESOURCES = ['-c --cpus <cpus> int', '-m --memory <memory>'];
const REGISTRY = ['--scheme <scheme> auto|http|https'];
const PROGRESS = [
  '--progress <type> none|ansi until 0.12.3',
  '--progress <type> auto|none|ansi|plain|color since 1.0.0',
  '--max-concurrent-downloads <count> int',
];
const FORMAT = [
  '--format <format> json|table until 0.12.3',
  '--format <format> json|table|yaml|toml since 1.0.0',
];
const QUIET = ['-q --quiet'];

const RUN = [...PROCESS, ...MANAGEMENT, ...RESOURCES, ...REGISTRY, ...PROGRESS];

/**
 * All that `container` understands, as the contract has it: path and other names, arguments (`…` as many as there are,
 * `--` all that follows whatever it looks like), flags. Whatever is not in here is refused.
 */
export const COMMANDS: readonly Command[] = [
  parseCommand('run <image> -- [<arguments>]', RUN),
  parseCommand('create <image> -- [<arguments>]', RUN),
  parseCommand('start <container-id>', ['-a --attach', '-i --interactive']),
  parseCommand('stop [<container-ids>…]', ['-a --all', '-s --signal <signal>', '-t --time <time> int']),
  parseCommand('kill [<container-ids>…]', ['-a --all', '-s --signal <signal>']),
  parseCommand('delete|rm [<container-ids>…]', ['-a --all', '-f --force']),
  parseCommand('exec <container-id> -- <arguments>', ['-d --detach', ...PROCESS]),
  parseCommand('export <container-id>', ['-o --output <output>']),
  parseCommand('list|ls', ['-a --all', ...FORMAT, ...QUIET]),
  parseCommand('inspect <container-ids>…', []),
  parseCommand('logs <container-id>', ['--boot', '-f --follow', '-n <n> int']),
  parseCommand('copy|cp <source> <destination> since 1.0.0', []),
  parseCommand('stats [<container-ids>…]', [...FORMAT, '--no-stream']),
  parseCommand('prune', []),
  parseCommand('build [<context-dir>]', [
    '-a --arch <value>…',
    '--build-arg <key=val>…',
    '-c --cpus <cpus> int',
    '--dns <ip>…',
    '--dns-domain <domain>',
    '--dns-option <option>…',
    '--dns-search <domain>…',
    '-f --file <path>',
    '-l --label <key=val>…',
    '-m --memory <memory>',
    '--no-cache',
    '-o --output <value>…',
    '--os <value>…',
    '--platform <platform>…',
    '--progress <type> auto|plain|tty',
    '--pull',
    '-q --quiet',
    '--secret <id=key>…',
    '-t --tag <name>…',
    '--target <stage>',
    '--vsock-port <port> int',
  ]),
  parseCommand('builder start', ['-c --cpus <cpus> int', '-m --memory <memory>', '--dns <ip>…']),
  parseCommand('builder stop', []),
  parseCommand('builder delete|rm', ['-f --force']),
  parseCommand('builder status', [...FORMAT, ...QUIET]),
  parseCommand('image list|ls', [...FORMAT, ...QUIET, '-v --verbose']),
  parseCommand('image inspect <images>…', []),
  parseCommand('image delete|rm [<images>…]', ['-a --all', '-f --force']),
  parseCommand('image tag <source> <target>', []),
  parseCommand('image prune', ['-a --all']),
  parseCommand('image pull <reference>', [
    ...REGISTRY,
    ...PROGRESS,
    '-a --arch <arch>',
    '--os <os>',
    '--platform <platform>',
  ]),
  parseCommand('image push <reference>', [
    ...REGISTRY,
    ...PROGRESS,
    '-a --arch <arch>',
    '--os <os>',
    '--platform <platform>',
  ]),
  parseCommand('image save <references>…', [
    '-o --output <output>',
    '-a --arch <arch>',
    '--os <os>',
    '--platform <platform>',
  ]),
  parseCommand('image load', ['-i --input <input>', '-f --force']),
  parseCommand('network create <name>', [
    '--internal',
    '--label <label>…',
    '--option <option>…',
    '--plugin <plugin>',
    '--subnet <subnet>',
    '--subnet-v6 <subnet-v6>',
  ]),
  parseCommand('network delete|rm [<network-names>…]', ['-a --all']),
  parseCommand('network list|ls', [...FORMAT, ...QUIET]),
  parseCommand('network inspect <networks>…', FORMAT),
  parseCommand('network prune', []),
  parseCommand('volume create <name>', ['--label <label>…', '--opt <opt>…', '-s <s>']),
  parseCommand('volume delete|rm [<names>…]', ['-a --all']),
  parseCommand('volume list|ls', [...FORMAT, ...QUIET]),
  parseCommand('volume inspect <names>…', []),
  parseCommand('volume prune', []),
  parseCommand('system start', [
    '-a --app-root <app-root>',
    '--disable-kernel-install',
    '--enable-kernel-install',
    '--install-root <install-root>',
    '--log-root <log-root>',
    '--timeout <timeout> int',
  ]),
  parseCommand('system stop', ['-p --prefix <prefix>']),
  parseCommand('system status', ['-p --prefix <prefix>', ...FORMAT]),
  parseCommand('system version', FORMAT),
  parseCommand('system logs', ['-f --follow', '--last <last>']),
  parseCommand('system df', FORMAT),
  parseCommand('system kernel set', [
    '--arch <arch>',
    '--binary <binary>',
    '--force',
    '--recommended',
    '--tar <tar>',
  ]),
  parseCommand('system dns create <domain>', ['--localhost <ip>']),
  parseCommand('system dns delete|rm <domain>', []),
  parseCommand('system dns list|ls', [...FORMAT, ...QUIET]),
];

/** All that it is called: `volume rm` is `volume delete`. */
export function getNames({ path, aliases }: Command): string[] {
  const group = path.slice(0, -1);
  return [path.at(-1) ?? '', ...aliases].map((name) => [...group, name].join(' '));
}

/** The container system itself can be asked for these while its server is down. */
export function needsServer({ path }: Command): boolean {
  return path[0] !== 'system';
}
