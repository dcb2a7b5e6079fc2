import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import { getVmFiles, getVmStateFolder } from '../../src/system/paths.ts';
import { SUBSTRATE } from './substrate-under-test.ts';
import { findVmProcesses, type VmProcesses } from './vm-processes.ts';
import { isAlive, type World, waitUntil } from './world.ts';

/** What a test does to a machine behind cspace's back, whatever it is made of. */
export interface MachineHand {
  /** A word of the command lines by which machines are made. */
  program: string;
  /** Takes the machine away at once, as an administrator could. */
  kill(): Promise<void>;
  /** All that is written down on the host of the machine itself, outside of the home. */
  readRecords(): string | Promise<string>;
  /** The limits that it really has. */
  readLimits(): Promise<{ pids: number; memoryMiB: number }>;
}

export function getMachineHand(world: World, project: string, sandbox: string): MachineHand {
  const name = `cspace-${project}--${sandbox}`;
  if (SUBSTRATE === 'apple') return getAppleHand(world, name, sandbox);
  return SUBSTRATE === 'podman' ? getPodmanHand(name) : getQemuHand(world, project, sandbox);
}

function getPodmanHand(name: string): MachineHand {
  const podman = (...args: string[]) => {
    const child = Bun.spawnSync(['podman', ...args], { timeout: 30_000 });
    if (child.exitCode !== 0) throw new Error(`podman ${args[0]}: ${child.stderr.toString()}`);
    return child.stdout.toString();
  };
  return {
    program: 'podman',
    kill: async () => {
      podman('rm', '--force', '--time', '0', name);
    },
    readRecords: () => podman('inspect', name),
    async readLimits() {
      const [{ HostConfig }] = JSON.parse(podman('inspect', name));
      return { pids: HostConfig.PidsLimit, memoryMiB: HostConfig.Memory / 1024 / 1024 };
    },
  };
}

function getAppleHand(world: World, name: string, sandbox: string): MachineHand {
  const container = async (...args: string[]) => {
    const result = await world.standIn?.container(args);
    if (result?.code !== 0) throw new Error(`container ${args[0]}: ${result?.stderr}`);
    return result.stdout;
  };
  return {
    program: 'container',
    async kill() {
      await container('rm', '--force', name);
    },
    readRecords: () => container('inspect', name),
    async readLimits() {
      const [{ configuration }] = JSON.parse(await container('inspect', name));
      const script = "sed -n 's/^Max processes *\\([0-9]*\\) .*/\\1/p' /proc/1/limits";
      const { stdout } = await world.cspace(['exec', '--root', sandbox, '--', 'sh', '-c', script]);
      return { pids: Number(stdout), memoryMiB: configuration.resources.memoryInBytes / 1024 / 1024 };
    },
  };
}

function getQemuHand(world: World, project: string, sandbox: string): MachineHand {
  const find = () => findQemuMachine(world.home, project, sandbox);
  return {
    program: 'qemu-system',
    async kill() {
      const pid = find().qemu?.pid ?? 0;
      process.kill(pid, 'SIGKILL');
      await waitUntil('QEMU is gone', () => !isAlive(pid));
    },
    readRecords: () => readTree(find().folder),
    async readLimits() {
      const script =
        'grep MemTotal /proc/meminfo; cat $(find /sys/fs/cgroup -name pids.max) | sort -n | head -1';
      const { stdout } = await world.cspace(['exec', '--root', sandbox, '--', 'sh', '-c', script]);
      const [, kiB = '0', pids] = /MemTotal: +(\d+) kB\n(\d+)/.exec(stdout) ?? [];
      const given = Number(
        /memory-backend-file[^\0]*size=(\d+)M/.exec(find().qemu?.argv.join('\0') ?? '')?.[1],
      );
      // The guest's kernel keeps a part for itself.
      const seen = Number(kiB) / 1024;
      if (seen > given || seen < given * 0.8) throw new Error(`${given} MiB given, ${seen} seen`);
      return { pids: Number(pids), memoryMiB: given };
    },
  };
}

export interface QemuMachine extends VmProcesses {
  /** Of its state, below /run/cspace. */
  folder: string;
}

/** A machine of a home as it stands in /run/cspace and among the processes. Throws where it is not there. */
export function findQemuMachine(home: string, project: string, sandbox: string): QemuMachine {
  const machines = getVmStateFolder(getHomeLabel(realpathSync(home)));
  for (const id of readdirSync(machines)) {
    const { folder, state } = getVmFiles(machines, id);
    const { spec } = JSON.parse(readFileSync(state, 'utf8'));
    if (spec.ref.project !== project || spec.ref.sandbox !== sandbox) continue;
    return { folder, ...findVmProcesses(folder) };
  }
  throw new Error(`${project}/${sandbox} is not there`);
}

/** The text of all files below a folder, their names among it. */
export function readTree(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(
      (entry) =>
        join(entry.parentPath, entry.name) +
        (entry.isFile() ? `\n${readFileSync(join(entry.parentPath, entry.name), 'latin1')}` : ''),
    )
    .join('\n');
}
