import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeFinding } from '../substrate.ts';
import {
  type CgroupBounds,
  type CgroupLayout,
  CONTROLLERS,
  type Controller,
  getSettings,
  parseCgroupLayout,
} from './cgroup-layout.ts';

/** Which group: all that is asked of it later needs no more than this, whoever made it. */
export interface CgroupName {
  homeLabel: string;
  /** The machine's id. */
  id: string;
}

export interface Cgroup {
  /** Brings a process in, with all its threads and what it starts. Throws the system's error. */
  add(pid: number): void;
}

export type OpenedCgroup = { cgroup: Cgroup } | { cgroup: undefined; finding: ProbeFinding };

/** A process that was killed is counted until it is gone. */
const REMOVE_PAUSES_MS = [0, 5, 20, 100, 400, 1000, 2000];
/** Another machine of the home may take the folder above away just now. */
const MAX_TRIES = 3;

/** How cgroups are mounted here; null where not all that we want is there. */
export function readCgroupLayout(): CgroupLayout | null {
  return parseCgroupLayout(read('/proc/mounts'), (root) => read(join(root, 'cgroup.controllers'))) ?? null;
}

/**
 * Makes the group of a machine's processes, or takes the one that is there. Where that cannot be, the machine runs
 * without, and the finding says why: the guest's own memory and processors are bounded by QEMU.
 */
export function openCgroup(
  name: CgroupName,
  bounds: CgroupBounds,
  layout: CgroupLayout | null = readCgroupLayout(),
): OpenedCgroup {
  if (!layout) return { cgroup: undefined, finding: probeCgroups(layout) };
  const folders = getFolders(name, layout);
  try {
    for (const { folder, controllers } of folders) {
      makeFolder(folder, layout);
      for (const controller of controllers) {
        for (const setting of getSettings(layout.version, controller, bounds)) {
          write(join(folder, setting.file), setting.value, setting.optional === true);
        }
      }
    }
  } catch (error) {
    for (const { folder } of folders) removeFolder(folder);
    return { cgroup: undefined, finding: getFinding(error instanceof Error ? error.message : String(error)) };
  }
  return {
    cgroup: {
      add: (pid) => {
        for (const { folder } of folders) writeFileSync(join(folder, 'cgroup.procs'), String(pid));
      },
    },
  };
}

/** Takes the group away, once its processes are gone. False where it is still there. */
export async function removeCgroup(
  name: CgroupName,
  layout: CgroupLayout | null = readCgroupLayout(),
): Promise<boolean> {
  if (!layout) return true;
  for (const pauseMs of REMOVE_PAUSES_MS) {
    await sleep(pauseMs);
    const left = getFolders(name, layout).filter(({ folder }) => !removeFolder(folder));
    if (left.length === 0) return true;
  }
  return false;
}

/** Ids of the home's machines that have a group, or a part of one. */
export function listCgroups(homeLabel: string, layout: CgroupLayout | null = readCgroupLayout()): string[] {
  if (!layout) return [];
  const ids = getFolders({ homeLabel, id: '.' }, layout).flatMap(({ folder }) => readFolders(folder));
  return [...new Set(ids)];
}

/** Whether the kernel has ended a process of the group for want of memory. */
export function hadOutOfMemory(name: CgroupName, layout: CgroupLayout | null = readCgroupLayout()): boolean {
  const file = layout?.version === 2 ? 'memory.events' : 'memory.oom_control';
  return (layout ? getFolders(name, layout) : [])
    .filter(({ controllers }) => controllers.includes('memory'))
    .some(({ folder }) => Number(/^oom_kill (\d+)$/m.exec(read(join(folder, file)))?.[1] ?? 0) > 0);
}

/** Whether this host has what the bounds are made with; whether we may use it shows at a start. */
export function probeCgroups(layout: CgroupLayout | null = readCgroupLayout()): ProbeFinding {
  return layout
    ? { ok: true, what: `cgroups of version ${layout.version}` }
    : getFinding('not all of memory, cpu and pids are mounted');
}

interface Folder {
  folder: string;
  controllers: readonly Controller[];
}

/** Controllers of the first version may share a hierarchy (`cpu,cpuacct`). */
function getFolders({ homeLabel, id }: CgroupName, layout: CgroupLayout): Folder[] {
  const below = join(`cspace-${homeLabel}`, id);
  if (layout.version === 2) return [{ folder: join(layout.root, below), controllers: CONTROLLERS }];
  const roots = [...new Set(CONTROLLERS.map((controller) => layout.roots[controller]))];
  return roots.map((root) => ({
    folder: join(root, below),
    controllers: CONTROLLERS.filter((controller) => layout.roots[controller] === root),
  }));
}

function makeFolder(folder: string, layout: CgroupLayout): void {
  for (let tries = 1; ; tries += 1) {
    try {
      mkdirSync(dirname(folder), { recursive: true });
      if (layout.version === 2) {
        // A group's children get no controllers but those that it hands on (Documentation/admin-guide/cgroup-v2.rst).
        const handed = CONTROLLERS.map((name) => `+${name}`).join(' ');
        for (const above of [layout.root, dirname(folder)])
          write(join(above, 'cgroup.subtree_control'), handed);
      }
      mkdirSync(folder, { recursive: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === MAX_TRIES) throw error;
    }
  }
}

/** Also the home's folder with its last machine. False where processes are in it. */
function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
  }
  try {
    rmdirSync(dirname(folder));
  } catch {
    // Other machines of the home are in it, or it is gone.
  }
  return true;
}

function write(file: string, value: string, optional = false): void {
  try {
    writeFileSync(file, value, { flag: 'r+' });
  } catch (error) {
    if (!optional || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Of a folder that may not be there. */
function readFolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function getFinding(why: string): ProbeFinding {
  return {
    ok: false,
    optional: true,
    what: "no bounds around a microVM's own processes",
    why: `${why}; the guest has its bounds all the same, but fractions of processors are rounded up`,
  };
}
