import { statSync } from 'node:fs';
import { join } from 'node:path';
import { getIdmap, ID_MAPPING } from '../../../../src/substrate/podman/idmap.ts';
import { getPaths, type World } from '../state.ts';
import { isSince } from '../versions.ts';
import { getCapabilities } from './capabilities.ts';
import { type ContainerRecord, getEngineName, getFiles, type MountRecord } from './record.ts';

/** What every container of ours carries, and the census looks for; never a label that the caller gave. */
export const ENGINE_LABEL = 'dev.cspace.stand-in';

/**
 * How podman is told to make a machine: no network yet, users of its own, and of what Apple has no more than that.
 * `defaults` are the limits of podman's configuration, which podman forgets where one is given.
 */
export function getCreateArgv(world: World, record: ContainerRecord, defaults: readonly string[]): string[] {
  const files = getFiles(world, record.id);
  const { cpus, memoryBytes } = record;
  return [
    ...['create', '--name', getEngineName(world, record.id), '--pull', 'never'],
    ...['--label', `${ENGINE_LABEL}=${world.hash}`, '--hostname', record.id],
    ...['--network', 'none', '--no-hosts', '--http-proxy=false', '--interactive'],
    ...(record.terminal ? ['--tty'] : []),
    ...['--uidmap', ID_MAPPING, '--gidmap', ID_MAPPING, '--cgroupns', 'private', '--ipc', 'private'],
    ...['--cap-drop', 'all', '--cap-add', getCapabilities(record.capAdd, record.capDrop).join(',')],
    ...['--security-opt', 'seccomp=unconfined', ...getReadOnlyFlags(world, record)],
    ...['--cpus', `${cpus}`, '--memory', `${memoryBytes}b`, '--memory-swap', `${memoryBytes}b`],
    ...['--shm-size', `${record.shmSize ?? 64 * 1024 ** 2}b`, ...(record.useInit ? ['--init'] : [])],
    ...getUlimits(record.ulimits, defaults).flatMap((limit) => ['--ulimit', limit]),
    ...['--systemd', 'false', '--image-volume', 'ignore', '--restart', 'no'],
    ...(record.readOnly ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(record.autoRemove ? ['--rm'] : []),
    ...['--log-driver', 'k8s-file', '--log-opt', `path=${files.console}`, '--pidfile', files.pid],
    ...record.environment.flatMap((entry) => ['--env', entry]),
    ...['--user', record.user, '--workdir', record.workingDirectory],
    ...record.mounts.flatMap((mount) => getMountFlags(world, mount)),
    ...['--entrypoint', JSON.stringify([record.executable]), record.image.engineId, ...record.arguments],
  ];
}

/** Those given, never above what this host can give, and the defaults for all others. Pure. */
export function getUlimits(given: readonly string[], defaults: readonly string[]): string[] {
  const nameOf = (limit: string) => limit.split('=')[0] ?? '';
  const most = new Map(defaults.map((limit) => [nameOf(limit), Number(limit.split(':')[1])]));
  const bounded = given.map((limit) => {
    const bound = most.get(nameOf(limit)) ?? Number.POSITIVE_INFINITY;
    return limit.replace(/\d+/g, (number) => String(Math.min(Number(number), bound)));
  });
  return [...bounded, ...defaults.filter((limit) => !given.map(nameOf).includes(nameOf(limit)))];
}

/** From 1.2.0 on a guest cannot write kernel settings; 1.2.1 brought a flag that says otherwise. */
function getReadOnlyFlags(world: World, { readonlyPaths = [] }: ContainerRecord): string[] {
  const writable = !isSince(world.version, '1.2.0') || readonlyPaths[0] === 'NONE';
  return writable
    ? ['--security-opt', 'unmask=/proc/bus:/proc/fs:/proc/irq:/proc/sys:/proc/sysrq-trigger']
    : [];
}

export const getVolumeFolder = (world: World, name: string): string =>
  join(getPaths(world).volumes, name, 'data');

function getMountFlags(world: World, { kind, source, target, options }: MountRecord): string[] {
  const access = options.includes('ro') ? 'ro' : 'rw';
  if (kind === 'tmpfs') {
    const own = options.filter((option) => option !== 'ro').map((option) => `tmpfs-${option}`);
    return ['--mount', ['type=tmpfs', `dst=${target}`, access, 'exec', 'notmpcopyup', ...own].join(',')];
  }
  if (kind === 'volume') return ['--volume', `${getVolumeFolder(world, source)}:${target}:${access},exec`];
  // Files appear as the caller's, which for those of the guest's own user is what an owner of that id is.
  const { uid, gid } = statSync(source);
  return ['--volume', `${source}:${target}:${access},${getIdmap({ uid, gid })}`];
}
