import { readFile, stat } from 'node:fs/promises';
import type { Limits } from '@cspace/protocol/sandbox';
import { getVmFiles } from '../../system/paths.ts';
import type { QemuPlan } from './argv.ts';
import type { Context } from './context.ts';
import { getMachineUid } from './ids.ts';
import { getKernelLine, parseTscKhz } from './kernel-line.ts';
import { getKvmGroup } from './kvm/kvm.ts';

export interface PlanOptions {
  id: string;
  limits: Limits;
  mac: string;
  accel: 'kvm' | 'tcg';
  template?: QemuPlan['template'];
  context: Pick<Context, 'store' | 'kernelLine'>;
}

/** How QEMU is called for a machine on this host. */
export async function readPlan(options: PlanOptions): Promise<QemuPlan> {
  const { id, limits, mac, accel, template, context } = options;
  const tscKhz = accel === 'tcg' ? await readTscKhz() : undefined;
  return {
    ...{ accel, mac, cpus: limits.cpus, memoryMiB: limits.memoryMiB },
    uid: getMachineUid(id),
    kvmGid: accel === 'kvm' ? await getKvmGroup() : undefined,
    sockets: getVmFiles(context.store.folder, id).sockets,
    kernelLine: getKernelLine({ accel, tscKhz, extra: context.kernelLine }),
    ...(template ? { template } : {}),
  };
}

async function readTscKhz(): Promise<number | undefined> {
  const hasCpufreq = await stat('/sys/devices/system/cpu/cpu0/cpufreq').catch(() => undefined);
  return parseTscKhz(await readFile('/proc/cpuinfo', 'utf8'), hasCpufreq !== undefined);
}
