import { getMachineName, type SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import { GUEST, getFirstProgramFiles } from '../../system/paths.ts';
import { getGuestArgv } from '../guest-argv.ts';
import { getLabels, LABELS } from '../labels.ts';
import type { BuildContext, ExecOptions, MachineSpec, Mount } from '../substrate.ts';
import { getFirstProgram } from './first-program.ts';

/** Browsers want more shared memory than the usual 64 MB. */
const SHM_SIZE = '512M';

export interface CreateOptions {
  /** Marks what this very call makes. */
  attempt: string;
  /** The image's own first program. */
  program: readonly string[];
  /** The names of the volumes, in the order of `spec.volumes`. */
  volumes: readonly string[];
  /** The name of its network. */
  network: string;
}

/**
 * No name server: the guest writes its own resolv.conf. Where NET_ADMIN is, the guest
 * makes its own rules for servers on 127.0.0.1.
 */
export function getCreateArgv(spec: MachineSpec, options: CreateOptions): string[] {
  const { attempt, program, volumes, network } = options;
  const labels = { ...getLabels(spec.ref, spec.homeLabel), [LABELS.attempt]: attempt };
  const { orders, words } = getFirstProgramFiles(spec.folder);
  const mounts: Mount[] = [
    ...spec.mounts,
    { source: orders, target: GUEST.orders, readOnly: true },
    { source: words, target: GUEST.words, readOnly: false },
  ];
  const { volumes: targets, sysctls } = spec;
  return [
    ...['container', 'create', '--name', getMachineName(spec.ref)],
    ...getLabelFlags(labels),
    ...getLimitFlags(spec),
    ...['--shm-size', SHM_SIZE, '--network', network, '--no-dns', '--cap-add', 'NET_ADMIN'],
    ...Object.entries(spec.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    ...mounts.flatMap((mount) => ['-v', getVolumeFlag(mount)]),
    ...targets.flatMap((target, index) => ['-v', `${volumes[index]}:${target}`]),
    ...['--entrypoint', '/bin/sh', spec.image],
    ...getFirstProgram({ argv: program, volumes: targets, sysctls }),
  ];
}

const getLabelFlags = (labels: Record<string, string>): string[] =>
  Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);

/** Processors are whole. Processes are counted by user, in the guest's own kernel: there is no other limit of them. */
function getLimitFlags({ limits }: MachineSpec): string[] {
  return [
    ...['--cpus', String(Math.ceil(limits.cpus)), '--memory', `${limits.memoryMiB}MiB`],
    ...['--ulimit', `nproc=${limits.pids}:${limits.pids}`],
  ];
}

/** A source without a slash would be a volume's name; ours are absolute. */
function getVolumeFlag({ source, target, readOnly }: Mount): string {
  if (source.includes(':') || target.includes(':')) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: `container cannot share a folder with a colon in its path: ${source}`,
      fix: 'set CSPACE_HOME to a path without a colon',
    });
  }
  return `${source}:${target}${readOnly ? ':ro' : ''}`;
}

export const getStartArgv = (name: string): string[] => ['container', 'start', name];

/** Whole seconds. */
export const getStopArgv = (name: string, graceMs: number): string[] => [
  ...['container', 'stop', '-t', String(Math.ceil(graceMs / 1000)), name],
];

export const getKillArgv = (name: string): string[] => ['container', 'kill', '-s', 'KILL', name];

export const getRemoveArgv = (name: string): string[] => ['container', 'rm', '--force', name];

/** Everything on this host: there is no filter. */
export const getListArgv = (): string[] => ['container', 'ls', '--all', '--format', 'json'];

export const getLogsArgv = (name: string, lines: number): string[] => [
  ...['container', 'logs', '-n', String(lines), name],
];

export const getVolumeListArgv = (): string[] => ['container', 'volume', 'list', '--format', 'json'];

export const getVolumeCreateArgv = (name: string, ref: SandboxRef, homeLabel: string): string[] => [
  ...['container', 'volume', 'create', ...getLabelFlags(getLabels(ref, homeLabel)), name],
];

export const getNetworkListArgv = (): string[] => ['container', 'network', 'list', '--format', 'json'];

/** A closed one leads to the host alone. */
export function getNetworkCreateArgv(network: {
  name: string;
  labels: Record<string, string>;
  isClosed: boolean;
}): string[] {
  const { name, labels, isClosed } = network;
  const argv = ['container', 'network', 'create', ...getLabelFlags(labels)];
  return [...argv, ...(isClosed ? ['--internal'] : []), name];
}

export const getNetworkRemoveArgv = (name: string): string[] => ['container', 'network', 'delete', name];

export const getVolumeRemoveArgv = (name: string): string[] => ['container', 'volume', 'rm', name];

export const getImageArgv = (tag: string): string[] => ['container', 'image', 'inspect', tag];

export const getImageListArgv = (): string[] => ['container', 'image', 'list', '--format', 'json'];

export const getTagArgv = (tag: string, alias: string): string[] => [
  ...['container', 'image', 'tag', tag, alias],
];

/** `folder` is a real path: of a context below a symbolic link nothing, or half, is sent. */
export function getBuildArgv({
  tag,
  folder,
  buildArgs,
}: Pick<BuildContext, 'tag' | 'folder' | 'buildArgs'>): string[] {
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  return [
    ...['container', 'build', '--tag', tag, '--file', `${folder}/Dockerfile`],
    ...args,
    ...['--progress', 'plain', folder],
  ];
}

/** Where a command has its own first program's environment, and its user's folder is not in it. */
const HOMES = { dev: '/home/dev', root: '/root' } as const;

export function getExecArgv(ref: SandboxRef, argv: readonly string[], options: ExecOptions): string[] {
  const { user, cwd, tty } = options;
  const env = { HOME: HOMES[user], USER: user, ...options.env };
  return [
    ...['container', 'exec', '-i', ...(tty ? ['-t'] : [])],
    ...['--user', user, '-w', cwd],
    ...Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    getMachineName(ref),
    ...getGuestArgv(argv, user),
  ];
}
