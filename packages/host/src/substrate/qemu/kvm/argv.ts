import { CONSOLE_PORT, EXIT_PORT } from './guest.ts';

export type Accelerator = 'kvm' | 'tcg';

export interface ProbeArgvOptions {
  /** Absolute path of qemu-system-x86_64. */
  qemu: string;
  accelerator: Accelerator;
  /** What the guest's image can be read from. */
  kernel: string;
  /** Whom QEMU runs as; undefined where it runs as we do. */
  user: { id: number; group: number | undefined } | undefined;
}

/** The command that boots the probe's guest, on a machine as sandboxes have it. It dies with us. Pure. */
export function getProbeArgv({ qemu, accelerator, kernel, user }: ProbeArgvOptions): string[] {
  const cpu = accelerator === 'kvm' ? 'host' : 'max';
  const hex = (port: number) => `0x${port.toString(16)}`;
  return [
    'setpriv',
    ...(user ? getUserArgs(user) : []),
    '--no-new-privs',
    '--pdeathsig=KILL',
    '--',
    qemu,
    ...['-M', 'q35,sata=off,usb=off,smbus=off', '-accel', accelerator, '-cpu', cpu, '-m', '64', '-smp', '1'],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-kernel', kernel],
    ...[
      '-chardev',
      'stdio,id=out,signal=off',
      '-device',
      `isa-debugcon,iobase=${hex(CONSOLE_PORT)},chardev=out`,
    ],
    ...['-device', `isa-debug-exit,iobase=${hex(EXIT_PORT)},iosize=1`],
  ];
}

function getUserArgs({ id, group }: { id: number; group: number | undefined }): string[] {
  const groups = group === undefined ? ['--clear-groups'] : ['--groups', String(group)];
  return [
    ...['--reuid', String(id), '--regid', String(id), ...groups],
    ...['--inh-caps=-all', '--bounding-set=-all'],
  ];
}
