import { getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { getGuestArgv } from '../guest-argv.ts';
import { getLabels, LABELS } from '../labels.ts';
import type { BuildContext, ExecOptions, MachineSpec, Mount } from '../substrate.ts';
import { getIdmap, ID_MAPPING } from './idmap.ts';

/**
 * What the guest's root may do, inside its own user namespace: be root to apt and sudo, give files away and set file
 * capabilities (packages do), bind low ports, ping, write its own firewall, and chroot (sshd and browsers do).
 * Left out of the usual fourteen: AUDIT_WRITE and MKNOD (void in a user namespace) and SETPCAP.
 */
export const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETUID',
  'SYS_CHROOT',
] as const;

/** In the machine's own folder on the host. */
export const CONSOLE_LOG = 'console.log';
const CONSOLE_LOG_SIZE = '4mb';

/** `attempt` marks what this very call makes, so that a failed one removes that and nothing else. */
export function getCreateArgv(spec: MachineSpec, attempt: string): string[] {
  const labels = Object.entries({ ...getLabels(spec.ref, spec.homeLabel), [LABELS.attempt]: attempt });
  return [
    ...['podman', 'create', '--name', getMachineName(spec.ref), '--pull', 'never'],
    ...labels.flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    // A pipe as stdin: crun gives the first program's stdin to the guest's root, and by default that is the host's /dev/null.
    ...[
      '--interactive',
      '--hostname',
      spec.ref.sandbox,
      '--network',
      'none',
      '--no-hosts',
      '--http-proxy=false',
    ],
    ...['--uidmap', ID_MAPPING, '--gidmap', ID_MAPPING, '--cgroupns', 'private'],
    // Browsers want more shared memory than podman's 64 MB; what is used of it counts against the machine's limit.
    ...['--ipc', 'private', '--shm-size', '512m'],
    ...['--cap-drop', 'all', '--cap-add', CAPABILITIES.join(',')],
    ...getLimitFlags(spec),
    ...Object.entries(spec.sysctls).flatMap(([name, value]) => ['--sysctl', `${name}=${value}`]),
    ...['--systemd', 'false', '--image-volume', 'ignore', '--restart', 'no'],
    ...['--log-driver', 'k8s-file', '--log-opt', quoteCsv(`path=${spec.folder}/${CONSOLE_LOG}`)],
    ...['--log-opt', `max-size=${CONSOLE_LOG_SIZE}`],
    ...Object.entries(spec.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['--pidfile', getPidFile(spec)],
    ...spec.mounts.flatMap((mount) => ['--volume', getVolume(mount, getIdmap(spec.owner))]),
    // Without a name: they go with the container.
    ...spec.volumes.flatMap((target) => ['--volume', target]),
    spec.image,
  ];
}

/** conmon writes the first process's id into it at every `init`. */
export function getPidFile({ folder }: Pick<MachineSpec, 'folder'>): string {
  return `${folder}/pid`;
}

/** podman splits the values of this flag at commas, as a line of CSV (pflag's StringSlice). */
function quoteCsv(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}

function getLimitFlags({ limits }: MachineSpec): string[] {
  const memory = `${limits.memoryMiB}m`;
  // The same figure for both: no swap on top of the memory.
  return [
    ...['--memory', memory, '--memory-swap', memory],
    ...['--pids-limit', String(limits.pids), '--cpus', String(limits.cpus)],
  ];
}

function getVolume(mount: Mount, idmap: string): string {
  if (mount.source.includes(':') || mount.target.includes(':')) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: `podman cannot bind a folder with a colon in its path: ${mount.source}`,
      fix: 'set CSPACE_HOME to a path without a colon',
    });
  }
  return `${mount.source}:${mount.target}:${mount.readOnly ? 'ro' : 'rw'},${idmap}`;
}

export const getInitArgv = (id: string): string[] => ['podman', 'init', id];

export const getStartArgv = (id: string): string[] => ['podman', 'start', id];

/** podman counts in whole seconds. */
export const getStopArgv = (id: string, graceMs: number): string[] => [
  ...['podman', 'stop', '--time', String(Math.ceil(graceMs / 1000)), id],
];

export const getKillArgv = (id: string): string[] => ['podman', 'kill', '--signal', 'KILL', id];

export const getRemoveArgv = (idOrName: string): string[] => [
  ...['podman', 'rm', '--force', '--time', '0', '--volumes', idOrName],
];

/** Ours, all of them or those of one sandbox. Labels are compared whole, names would be patterns. */
export function getListArgv(homeLabel: string, ref?: SandboxRef): string[] {
  const labels = ref ? getLabels(ref, homeLabel) : { [LABELS.home]: homeLabel };
  const filters = Object.entries(labels).flatMap(([name, value]) => ['--filter', `label=${name}=${value}`]);
  return ['podman', 'ps', '--all', '--no-trunc', ...filters, '--format', 'json'];
}

export const getInspectArgv = (ids: readonly string[]): string[] => [
  ...['podman', 'container', 'inspect', ...ids],
];

/**
 * Everything on this host, with what only the image store knows of (a `create` that was killed half way). No filter:
 * podman 4.3 does not apply them to the latter.
 */
export const getEverythingArgv = (): string[] => [
  ...['podman', 'ps', '--all', '--external', '--no-trunc', '--format', 'json'],
];

export const getEventsArgv = (homeLabel: string): string[] => [
  ...['podman', 'events', '--filter', 'type=container'],
  ...['--filter', `label=${LABELS.home}=${homeLabel}`, '--format', '{{json .}}'],
];

export const getImageExistsArgv = (tag: string): string[] => ['podman', 'image', 'exists', tag];

/** The build shares the host's network (chroot isolation): only our own Dockerfile is ever built. */
export function getBuildArgv(
  context: Pick<BuildContext, 'tag' | 'alias' | 'folder' | 'buildArgs'>,
): string[] {
  const args = Object.entries(context.buildArgs);
  return [
    ...['podman', 'build', '--isolation', 'chroot', '--layers', '--tag', context.tag],
    ...(context.alias === undefined ? [] : ['--tag', context.alias]),
    ...args.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    context.folder,
  ];
}

/** An empty `--detach-keys`: else Ctrl-P Ctrl-Q would leave the command running with nobody there. */
export function getExecArgv(ref: SandboxRef, argv: readonly string[], options: ExecOptions): string[] {
  const env = Object.entries(options.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  return [
    ...['podman', 'exec', '--interactive', '--detach-keys', ''],
    ...(options.tty ? ['--tty'] : []),
    ...['--user', options.user, '--workdir', options.cwd, ...env, getMachineName(ref)],
    ...getGuestArgv(argv, options.user),
  ];
}
