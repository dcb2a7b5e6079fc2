import { basename, join } from 'node:path';

/** Files that QEMU gets open, in the order of their descriptors; the first is 3. */
export const HANDED = ['vmlinux', 'initrd', 'root', 'modules', 'disk', 'tap', 'memory'] as const;
export type HandedFile = (typeof HANDED)[number];

/** Sizes of what a guest can write that nobody has read: the rest is overwritten. */
export const CONSOLE_BYTES = 256 * 1024;
export const STATUS_BYTES = 4096;

export interface QemuPlan {
  accel: 'kvm' | 'tcg';
  /** The user and group that QEMU is. */
  uid: number;
  /** The group that may open /dev/kvm. */
  kvmGid: number | undefined;
  cpus: number;
  memoryMiB: number;
  /** Folder of the sockets: QEMU's own and, to connect to, that of the folders' server. */
  sockets: string;
  mac: string;
  kernelLine: string;
  /** Where its memory is of a template, or becomes one. */
  template?: {
    use: 'make' | 'restore';
    /** A UUID; where it is another one than before, the guest's kernel knows that it was copied, and seeds itself anew. */
    generation: string;
  };
}

const DENIED = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';
/** q35 without what no guest of ours has: disks by SATA, USB, sensors, VMware's port, a PS/2 keyboard, a second timer. */
const MACHINE = 'q35,sata=off,usb=off,smbus=off,vmport=off,i8042=off,hpet=off,memory-backend=memory';

/**
 * One where it is emulated: with two the kernel of a guest crashed once in 57 boots (QEMU 7.2, in code just patched). But
 * there could be two, or QEMU takes it that nobody else sees the guest's memory: interrupts get lost (ADR 46).
 */
export const EMULATED_CPUS = '1,maxcpus=2';

const fd = (name: HandedFile) => 3 + HANDED.indexOf(name);
const MEMORY = `/proc/self/fd/${fd('memory')}`;
const SOCKETS = ['qmp', 'control', 'fs', 'state'] as const;
type SocketName = (typeof SOCKETS)[number];
export const getSocket = (sockets: string, name: SocketName) => join(sockets, name);
export const listSockets = (sockets: string) => SOCKETS.map((name) => getSocket(sockets, name));

/**
 * QEMU's command line: as a user of its own without any capability, with the files that it needs handed over. Nothing
 * secret is on it, and nothing but `sockets`, `uid` and `mac` is a machine's own.
 */
export function getQemuArgv(plan: QemuPlan): string[] {
  return [...getUserArgv(plan), 'qemu-system-x86_64', ...getMachineArgv(plan), ...getDeviceArgv(plan)];
}

function getUserArgv({ uid, kvmGid, template }: QemuPlan): string[] {
  const groups = kvmGid === undefined ? ['--clear-groups'] : ['--groups', String(kvmGid)];
  const none = ['--inh-caps', '-all', '--ambient-caps', '-all', '--bounding-set', '-all', '--no-new-privs'];
  const user = ['setpriv', '--reuid', String(uid), '--regid', String(uid), ...groups, ...none];
  // Nobody waits for one that becomes a template: it makes way, and goes with whoever makes it.
  return template?.use === 'make' ? ['nice', '-n', '10', ...user, '--pdeathsig', 'KILL'] : user;
}

function getMachineArgv({ accel, cpus, memoryMiB, sockets, kernelLine }: QemuPlan): string[] {
  const tcg = accel === 'tcg';
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-sandbox', DENIED],
    ...['-M', MACHINE, '-accel', accel, '-cpu', tcg ? 'max' : 'host'],
    ...['-smp', tcg ? EMULATED_CPUS : String(Math.ceil(cpus)), '-m', `${memoryMiB}M`],
    // Shared, since the folders' server reads and writes the guest's memory; aligned, since huge pages want that.
    ...['-object', `memory-backend-file,id=memory,size=${memoryMiB}M,share=on,align=2M,mem-path=${MEMORY}`],
    // A guest that is off stays, paused, until somebody has read how it ended.
    ...['-action', 'shutdown=pause,reboot=shutdown,panic=pause'],
    // It has nothing to sleep for, and nobody to wake it.
    ...['-global', 'ICH9-LPC.disable_s3=1', '-global', 'ICH9-LPC.disable_s4=1'],
    ...['-kernel', `/proc/self/fd/${fd('vmlinux')}`, '-initrd', `/proc/self/fd/${fd('initrd')}`],
    ...['-append', kernelLine],
    ...getSocketArgv(sockets, 'qmp'),
    ...['-mon', 'chardev=qmp,mode=control'],
  ];
}

function getDeviceArgv({ sockets, mac, template }: QemuPlan): string[] {
  return [
    ...getDiskArgv('root', 'read-only=on'),
    ...getDiskArgv('modules', 'read-only=on'),
    // The disk lives as long as the machine, which a host that went down has lost anyway: nothing waits for it.
    ...getDiskArgv('disk', 'discard=unmap,cache.no-flush=on'),
    ...['-netdev', `tap,id=net,fd=${fd('tap')}`, '-device', `virtio-net-pci,netdev=net,mac=${mac},romfile=`],
    ...['-chardev', `ringbuf,id=console,size=${CONSOLE_BYTES}`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci,max_ports=4'],
    ...getSocketArgv(sockets, 'control'),
    ...['-device', 'virtserialport,chardev=control,name=cspace.control'],
    ...['-chardev', `ringbuf,id=status,size=${STATUS_BYTES}`],
    ...['-device', 'virtserialport,chardev=status,name=cspace.status'],
    ...(template ? [] : getFoldersArgv(sockets)),
    ...['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
    ...['-device', 'virtio-balloon-pci,free-page-reporting=on'],
    // Free, for folders that come once the guest is there: their state cannot be in a template.
    ...['-device', `pcie-root-port,id=${LATER},chassis=1,slot=1`],
    ...(template ? ['-device', `vmgenid,guid=${template.generation}`] : []),
    ...(template?.use === 'restore' ? ['-incoming', 'defer'] : []),
  ];
}

const LATER = 'later';
const FOLDERS = { driver: 'vhost-user-fs-pci', chardev: 'fs', tag: 'host', 'queue-size': 1024 } as const;

function getFoldersArgv(sockets: string): string[] {
  const device = Object.entries(FOLDERS).map(([name, value]) =>
    name === 'driver' ? value : `${name}=${value}`,
  );
  return [
    ...['-chardev', `socket,id=${FOLDERS.chardev},path=${quote(getSocket(sockets, 'fs'))}`],
    ...['-device', device.join(',')],
  ];
}

/** The same by the monitor's commands, for a guest that is there already. */
export function getFoldersCommands(sockets: string): [command: string, args: Record<string, unknown>][] {
  const addr = { type: 'unix', data: { path: getSocket(sockets, 'fs') } };
  const backend = { type: 'socket', data: { addr, server: false } };
  return [
    ['chardev-add', { id: FOLDERS.chardev, backend }],
    ['device_add', { ...FOLDERS, bus: LATER }],
  ];
}

/** An error of the host's disk is the guest's to see: by default it would stop, without a word. */
function getDiskArgv(name: HandedFile, options: string): string[] {
  const set = fd(name);
  const file = `file.driver=file,file.filename=/dev/fdset/${set},file.locking=off`;
  return [
    ...['-add-fd', `fd=${fd(name)},set=${set}`],
    ...['-blockdev', `driver=raw,node-name=${name},${options},${file}`],
    ...['-device', `virtio-blk-pci,drive=${name},serial=${name},werror=report,rerror=report`],
  ];
}

function getSocketArgv(sockets: string, name: 'qmp' | 'control'): string[] {
  return ['-chardev', `socket,id=${name},path=${quote(getSocket(sockets, name))},server=on,wait=off`];
}

/** A comma ends a value, but where it is doubled. */
function quote(value: string): string {
  return value.replaceAll(',', ',,');
}

/** Programs of a machine's; whatever else has its folder on the command line is somebody who looks at it. */
const PROGRAMS = ['qemu-system-x86_64', 'nice', 'setpriv', 'virtiofsd', 'ssh'];
/** What ssh makes of the command line of a connection that is kept. */
const KEPT_CONNECTION = 'ssh: ';

/** Whose machine a process is, by its command line as /proc/PID/cmdline has it; undefined where it is none of ours. */
export function parseOwnCommand(cmdline: string, stateFolder: string): string | undefined {
  const [program = '', ...args] = cmdline.split('\0');
  const isKept = program.startsWith(KEPT_CONNECTION);
  if (!isKept && !PROGRAMS.includes(basename(program))) return undefined;
  const text = [isKept ? program : '', ...args].join('\n');
  const at = text.indexOf(`${stateFolder}/`);
  return at < 0 ? undefined : /^[0-9a-f]{12}(?=\/)/.exec(text.slice(at + stateFolder.length + 1))?.[0];
}
