/** What a machine's processes are bounded by. */
export const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** How this host has its cgroups mounted: all in one hierarchy (version 2), or each in one of its own (version 1). */
export type CgroupLayout =
  | { version: 2; root: string }
  | { version: 1; roots: Readonly<Record<Controller, string>> };

/**
 * From /proc/mounts (proc(5)), and from the `cgroup.controllers` of the second version's hierarchy. That may stand beside
 * the first version's, with nothing in it for us. Undefined where something is missing.
 */
export function parseCgroupLayout(
  mounts: string,
  readControllers: (root: string) => string,
): CgroupLayout | undefined {
  const entries = mounts.split('\n').map((line) => {
    const [, root = '', type = '', options = ''] = line.split(' ');
    return { root: root.replace(/\\040/g, ' '), type, options: options.split(',') };
  });
  const unified = entries.find(({ type }) => type === 'cgroup2')?.root;
  if (unified !== undefined) {
    const there = readControllers(unified).trim().split(' ');
    if (CONTROLLERS.every((name) => there.includes(name))) return { version: 2, root: unified };
  }
  const find = (name: Controller) =>
    entries.find(({ type, options }) => type === 'cgroup' && options.includes(name))?.root;
  const [memory, cpu, pids] = CONTROLLERS.map(find);
  if (memory === undefined || cpu === undefined || pids === undefined) return undefined;
  return { version: 1, roots: { memory, cpu, pids } };
}

export interface CgroupBounds {
  memoryMiB: number;
  /** Processors; fractions allowed. */
  cpus: number;
  /** Threads. */
  pids: number;
}

/** A setting of a group: `optional` where not every kernel has it. */
export interface Setting {
  file: string;
  value: string;
  optional?: boolean;
}

const PERIOD_US = 100_000;
/** The least that the kernel takes. */
const LEAST_QUOTA_US = 1000;

/** The settings that make the bounds, in the order in which they can be made; no swap on top of the memory. */
export function getSettings(
  version: CgroupLayout['version'],
  controller: Controller,
  { memoryMiB, cpus, pids }: CgroupBounds,
): Setting[] {
  const bytes = String(memoryMiB * 1024 * 1024);
  const quota = String(Math.max(LEAST_QUOTA_US, Math.round(cpus * PERIOD_US)));
  switch (controller) {
    case 'memory':
      return version === 2
        ? [
            { file: 'memory.max', value: bytes },
            { file: 'memory.swap.max', value: '0', optional: true },
          ]
        : [
            { file: 'memory.limit_in_bytes', value: bytes },
            { file: 'memory.memsw.limit_in_bytes', value: bytes, optional: true },
          ];
    case 'cpu':
      return version === 2
        ? [{ file: 'cpu.max', value: `${quota} ${PERIOD_US}` }]
        : [
            { file: 'cpu.cfs_period_us', value: String(PERIOD_US) },
            { file: 'cpu.cfs_quota_us', value: quota },
          ];
    case 'pids':
      return [{ file: 'pids.max', value: String(pids) }];
  }
}
