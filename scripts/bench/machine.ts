import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';

/** What a figure depends on. */
export interface Machine {
  cpus: number;
  cpu: string;
  memoryGiB: number;
  kernel: string;
  /** Of the folder for temporary files, where trees live. */
  fileSystem: string;
  cgroups: 'v1' | 'v2' | 'hybrid';
  kvm: boolean;
  bun: string;
  /** Of the last minute, before the benchmark. */
  load: number;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpus: all.length,
    cpu: all[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: getFileSystem(tmpdir()),
    cgroups: getCgroups(),
    kvm: existsSync('/dev/kvm'),
    bun: Bun.version,
    load: loadavg()[0] ?? 0,
  };
}

function getFileSystem(path: string): string {
  const child = Bun.spawnSync(['stat', '-f', '-c', '%T', path], { timeout: 5000 });
  return child.stdout.toString().trim();
}

function getCgroups(): Machine['cgroups'] {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return 'v2';
  return readFileSync('/proc/self/mounts', 'utf8').includes(' cgroup2 ') ? 'hybrid' : 'v1';
}
