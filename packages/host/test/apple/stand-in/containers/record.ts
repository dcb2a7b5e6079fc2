import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { Attachment } from '../network/attach.ts';
import { ensureFolder, getPaths, listNames, readJson, type World, writeJson } from '../state.ts';

export interface MountRecord {
  kind: 'virtiofs' | 'tmpfs' | 'volume';
  /** A path of the host, or a volume's name. */
  source: string;
  target: string;
  options: readonly string[];
}

/** What a machine was made with, before it is said in any version's shape. */
export interface ContainerRecord {
  id: string;
  creationDate: string;
  image: { reference: string; digest: string; size: number; engineId: string };
  executable: string;
  arguments: readonly string[];
  /** Whole, the image's among it. */
  environment: readonly string[];
  workingDirectory: string;
  user: string;
  interactive: boolean;
  terminal: boolean;
  ulimits: readonly string[];
  labels: Record<string, string>;
  mounts: readonly MountRecord[];
  networks: readonly { network: string; mac?: string; mtu: number }[];
  cpus: number;
  memoryBytes: number;
  capAdd: readonly string[];
  capDrop: readonly string[];
  /** Undefined with `--no-dns`. */
  dns?: { nameservers: string[]; options: string[]; searchDomains: string[]; domain?: string };
  publishedPorts: readonly string[];
  readOnly: boolean;
  readonlyPaths?: readonly string[];
  shmSize?: number;
  ssh: boolean;
  stopSignal?: string;
  useInit: boolean;
  autoRemove: boolean;
}

/** Of a run that has been begun. */
interface Run {
  startedDate: string;
  networks: readonly Attachment[];
}

export interface Container {
  record: ContainerRecord;
  state: 'running' | 'stopped' | 'stopping';
  startedDate: string | undefined;
  networks: readonly Attachment[];
  /** Its first process, while it runs. */
  pid: number | undefined;
}

/** The files in the folder of a machine. */
export const getFiles = (world: World, id: string) => {
  const folder = join(getPaths(world).containers, id);
  return {
    folder,
    record: join(folder, 'record.json'),
    run: join(folder, 'run.json'),
    /** podman's, the first process of the latest `init`. */
    pid: join(folder, 'pid'),
    links: join(folder, 'link'),
    console: join(folder, 'console.log'),
    boot: join(folder, 'boot.log'),
    stopping: join(folder, 'stopping'),
    busy: join(folder, 'busy'),
    autoRemove: join(folder, 'auto-remove'),
    /** Whether podman has one of it: `begun` or `made`. */
    made: join(folder, 'made'),
  };
};

/** Kept beside the folders: a lock must outlive what it is about. */
export const getLockFile = (world: World, id: string): string => join(world.state, `lock-${id}`);

/** Podman's name of it. */
export const getEngineName = ({ hash }: World, id: string): string => `stand-in-${hash}-${id}`;

export function addRecord(world: World, record: ContainerRecord): void {
  ensureFolder(getPaths(world).containers);
  const files = getFiles(world, record.id);
  try {
    mkdirSync(files.folder);
  } catch {
    throw new Failure('exists', `container with id ${record.id} already exists`);
  }
  writeJson(files.record, record);
}

export const removeRecord = (world: World, id: string): void =>
  rmSync(getFiles(world, id).folder, { recursive: true, force: true });

export function findContainer(world: World, id: string): Container | undefined {
  const files = getFiles(world, id);
  const record = readJson(files.record) as ContainerRecord | undefined;
  if (record === undefined) return undefined;
  const run = readJson(files.run) as Run | undefined;
  const pid = run && getLivingPid(files.pid);
  if (run === undefined || pid === undefined)
    return { record, state: 'stopped', startedDate: run?.startedDate, networks: [], pid: undefined };
  // Who was stopping it may have been killed over it.
  const state = getLivingPid(files.stopping) === undefined ? 'running' : 'stopping';
  return { record, state, startedDate: run.startedDate, networks: run.networks, pid };
}

/** Undefined where podman never heard of it. */
export function readMade(world: World, id: string): string | undefined {
  const { made } = getFiles(world, id);
  return existsSync(made) ? readFileSync(made, 'utf8') : undefined;
}

export function listContainers(world: World): Container[] {
  const ids = listNames(getPaths(world).containers);
  return ids.flatMap((id) => findContainer(world, id) ?? []);
}

/** The process in a pid file, while it lives and is no zombie. */
export function getLivingPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    if (!Number.isInteger(pid) || pid < 2) return undefined;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z') ? undefined : pid;
  } catch {
    return undefined;
  }
}
