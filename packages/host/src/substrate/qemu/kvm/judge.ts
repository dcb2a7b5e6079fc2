import type { KvmFacts } from './facts.ts';

/** What the facts promise; only a guest that ran proves it. */
export type KvmOutlook =
  | {
      promising: true;
      /** The group that a QEMU without rights has to be in to open /dev/kvm; undefined where anybody may. */
      group: number | undefined;
      /** This very process may open it. */
      mayTry: boolean;
    }
  | { promising: false; why: string; fix?: string };

const GROUP_MAY = 0o060;
const OTHERS_MAY = 0o006;

/** Whether it is worth to boot a guest: the CPU first, then /dev/kvm, for a QEMU that does not run as root. Pure. */
export function judgeKvm({ arch, hasFlag, device }: KvmFacts): KvmOutlook {
  if (arch !== 'x64') return no(`machines of qemu are for x86-64 only yet, and this host is ${arch}`);
  if (!hasFlag) {
    return no(
      'the CPU has neither vmx nor svm in /proc/cpuinfo: in a virtual machine nested virtualisation is not allowed, else it is off in the firmware',
    );
  }
  if (!device) return no('there is no /dev/kvm', 'sudo modprobe kvm_intel || sudo modprobe kvm_amd');
  const { mode, gid, refusal } = device;
  const isPermission = refusal === 'EACCES' || refusal === 'EPERM';
  if (refusal !== undefined && !isPermission) return no(`/dev/kvm does not open: ${refusal}`);
  const anybody = has(mode, OTHERS_MAY);
  // QEMU is not put into root's group for it.
  if (!anybody && !(has(mode, GROUP_MAY) && gid !== 0)) {
    return no(
      'only root may open /dev/kvm, and QEMU does not run as root',
      'sudo groupadd -f -r kvm && sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm',
    );
  }
  return { promising: true, group: anybody ? undefined : gid, mayTry: refusal === undefined };
}

const has = (mode: number, bits: number) => (mode & bits) === bits;

function no(why: string, fix?: string): KvmOutlook {
  return { promising: false, why, ...(fix === undefined ? {} : { fix }) };
}
