import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMULATED_CPUS } from '../../../packages/host/src/substrate/qemu/argv.ts';
import { openControl } from '../../../packages/host/src/substrate/qemu/control.ts';
import { copyDisk } from '../../../packages/host/src/substrate/qemu/create.ts';
import type { VmImage } from '../../../packages/host/src/substrate/qemu/image/vm-image.ts';
import { readPlan } from '../../../packages/host/src/substrate/qemu/plan.ts';
import { openStateStore } from '../../../packages/host/src/substrate/qemu/state.ts';
import { readCpuMs } from './cpu-time.ts';
import type { Ground } from './ground.ts';

export interface HandOptions {
  image: Pick<VmImage, 'vmlinux' | 'initrd' | 'root' | 'modules'>;
  disk: string;
  accel: 'kvm' | 'tcg';
  memoryMiB: number;
  kernelLine: string;
  tap: string;
  /** Where the guest's first word comes. */
  control: string;
}

const TAP = 'bench0';
const PAUSE_MS = 2;
const DEADLINE_MS = 120_000;

/** What somebody would write who boots that kernel with these disks, and knows what makes it quick. */
export function getHandArgv(options: HandOptions): string[] {
  const { image, disk, accel, memoryMiB, kernelLine, tap, control } = options;
  const drive = (id: string, file: string, more: string) => [
    ...['-drive', `if=none,id=${id},file=${file},format=raw,${more}`],
    ...['-device', `virtio-blk-pci,drive=${id},serial=${id}`],
  ];
  return [
    ...['qemu-system-x86_64', '-M', 'q35,sata=off,usb=off,smbus=off', '-accel', accel],
    ...(accel === 'tcg' ? ['-cpu', 'max', '-smp', EMULATED_CPUS] : ['-cpu', 'host', '-smp', '1']),
    ...['-m', `${memoryMiB}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-kernel', image.vmlinux, '-initrd', image.initrd, '-append', kernelLine],
    ...drive('root', image.root, 'readonly=on'),
    ...drive('modules', image.modules, 'readonly=on'),
    ...drive('disk', disk, 'cache=unsafe'),
    ...['-netdev', `tap,id=net,ifname=${tap},script=no,downscript=no`],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-chardev', 'null,id=console', '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci', '-chardev', `socket,id=control,path=${control},server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=control,name=cspace.control'],
    ...['-chardev', 'null,id=status', '-device', 'virtserialport,chardev=status,name=cspace.status'],
  ];
}

/** A QEMU by hand, as root, as often as one likes. */
export interface ByHand {
  /** From its start to the guest's first word, in milliseconds: by the clock, and of the processors. */
  measure(): Promise<{ ms: number; cpuMs: number }>;
  dispose(): void;
}

export async function makeByHand({ image, accel }: Ground, memoryMiB: number): Promise<ByHand> {
  const folder = mkdtempSync(join(tmpdir(), 'cspace-bench-'));
  const [disk, control] = [join(folder, 'disk'), join(folder, 'control')];
  await copyDisk(
    { from: image.emptyDisk, to: disk, timeoutMs: DEADLINE_MS },
    AbortSignal.timeout(DEADLINE_MS),
  );
  const { kernelLine } = await readPlan({
    ...{ id: '000000000000', mac: '', accel },
    limits: { cpus: 1, memoryMiB, pids: 64 },
    context: { store: openStateStore(folder), kernelLine: [] },
  });
  ip('tuntap', 'add', 'dev', TAP, 'mode', 'tap');
  const argv = getHandArgv({ image, disk, accel, memoryMiB, kernelLine, tap: TAP, control });
  return {
    measure: () => measure(argv, control),
    dispose() {
      ip('link', 'del', TAP);
      rmSync(folder, { recursive: true });
    },
  };
}

function ip(...args: string[]): void {
  const child = Bun.spawnSync(['ip', ...args], { timeout: 10_000 });
  if (child.exitCode !== 0) throw new Error(`ip ${args.join(' ')}: ${child.stderr.toString()}`);
}

async function measure(argv: string[], control: string): Promise<{ ms: number; cpuMs: number }> {
  rmSync(control, { force: true });
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const startedAt = performance.now();
  const child = Bun.spawn(argv, { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe', timeout: DEADLINE_MS });
  try {
    for (;;) {
      const port = await openControl(control, signal).catch(() => undefined);
      const word = await port?.readWord();
      port?.close();
      if (word === 'ready') return { ms: performance.now() - startedAt, cpuMs: readCpuMs(child.pid) };
      if (port || child.exitCode !== null)
        throw new Error(`QEMU: ${await new Response(child.stderr).text()}`);
      await Bun.sleep(PAUSE_MS);
    }
  } finally {
    child.kill('SIGKILL');
    await child.exited;
  }
}
