import { readdirSync, readFileSync } from 'node:fs';
import { findQemuMachine } from '../../../packages/host/test/support/machine-hand.ts';
import { getDaemonPid, type World } from '../../../packages/host/test/support/world.ts';
import { parseSmaps, type Share } from './smaps.ts';

/** Of one sandbox, in MiB. */
export interface Weight {
  machine: number;
  /** QEMU without the guest's memory; in a container whatever runs it. */
  vmm: number;
  /** The server of its folders. */
  virtiofsd: number;
  /** The guest's memory; in a container what its processes have. */
  guest: number;
}

const MIB = 1024;

function read(pid: number): Share {
  try {
    return parseSmaps(readFileSync(`/proc/${pid}/smaps`, 'utf8'));
  } catch {
    return { all: 0, guest: 0 }; // it has ended
  }
}

const sum = (values: number[]) => values.reduce((all, each) => all + each, 0);

export function weighMicroVm(world: World, project: string, name: string): Weight {
  const { qemu, virtiofsd, all } = findQemuMachine(world.home, project, name);
  const vmm = read(qemu?.pid ?? 0);
  const folders = virtiofsd.map(({ pid }) => read(pid));
  const machine = sum(all.map(({ pid }) => read(pid).all)) / MIB;
  return {
    machine,
    vmm: (vmm.all - vmm.guest) / MIB,
    virtiofsd: sum(folders.map(({ all: each, guest }) => each - guest)) / MIB,
    guest: (vmm.guest + sum(folders.map(({ guest }) => guest))) / MIB,
  };
}

export function weighContainer(project: string, name: string): Weight {
  const argv = ['inspect', '--format', '{{.State.ConmonPid}}', `cspace-${project}--${name}`];
  const child = Bun.spawnSync(['podman', ...argv], { timeout: 30_000 });
  if (child.exitCode !== 0) throw new Error(`podman inspect: ${child.stderr.toString()}`);
  const [conmon = 0, ...inside] = listTree(Number(child.stdout.toString()), readParents());
  const [vmm, guest] = [read(conmon).all / MIB, sum(inside.map((pid) => read(pid).all)) / MIB];
  return { machine: vmm + guest, vmm, virtiofsd: 0, guest };
}

export function weighDaemon(world: World): number {
  return read(getDaemonPid(world.home) ?? 0).all / MIB;
}

/** A process, and all below it. */
export function listTree(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
  return [pid, ...children.flatMap((child) => listTree(child, parents))];
}

function readParents(): Map<number, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return [[Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const];
      } catch {
        return []; // it has ended
      }
    }),
  );
}
