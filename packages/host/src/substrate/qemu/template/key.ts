import { createHash } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { BASE_ENV } from '../../../system/exec.ts';
import { findProgram } from '../../../system/find-program.ts';
import { getQemuArgv, type QemuPlan } from '../argv.ts';
import type { Configuration } from '../control.ts';
import { QEMU } from '../find-qemu.ts';
import type { VmImage } from '../image/vm-image.ts';

export interface KeyFacts {
  plan: QemuPlan;
  image: Pick<VmImage, 'kitKey' | 'rootKey'>;
  /** Another one for another QEMU. */
  qemu: string;
  /** Another one for another processor, or kernel of the host: where the guest sees something of them. */
  host: string;
  /** What a guest whose first program stands by was told. */
  standby: Configuration | undefined;
}

/** In the place of what is a machine's own. */
const NOBODY = {
  uid: 0,
  kvmGid: undefined,
  sockets: '',
  mac: '',
  template: { use: 'make', generation: '' },
} as const;

/** Of all that two machines must have alike for the memory of one to go on as the other: a hash. */
export function getTemplateKey({ plan, image, qemu, host, standby = [] }: KeyFacts): string {
  const argv = getQemuArgv({ ...plan, ...NOBODY });
  const facts = [1, argv, image.kitKey, image.rootKey, qemu, plan.accel === 'kvm' ? host : '', standby];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

/** Which QEMU is there, without running it: its file. Undefined where there is none. */
export async function readQemuIdentity(path: string = BASE_ENV.PATH): Promise<string | undefined> {
  const found = await findProgram(QEMU, path);
  if (found === undefined) return undefined;
  const file = await realpath(found);
  const { size, mtimeMs, ino } = await stat(file);
  return [file, size, mtimeMs, ino].join(' ');
}

/** The processor's model, its features and its microcode, and the kernel. */
export async function readHostIdentity(): Promise<string> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const lines = /^(?:.+\n)+/.exec(text)?.[0].split('\n') ?? [];
  const fixed = lines.filter((line) =>
    /^(vendor_id|cpu family|model|model name|stepping|microcode|flags)\s*:/.test(line),
  );
  return [release(), ...fixed].join('\n');
}
