import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What can be known of KVM without a guest. */
export interface KvmFacts {
  /** As Node names it. */
  arch: string;
  /** The CPU says that it can run guests: vmx or svm. */
  hasFlag: boolean;
  /** /dev/kvm, where it is. */
  device: KvmDevice | undefined;
}

export interface KvmDevice {
  /** Permissions. */
  mode: number;
  gid: number;
  /** Why this process cannot open it, as an errno's name; undefined where it can. */
  refusal: string | undefined;
}

/** `root` stands for `/`, for tests. Never throws. */
export async function getKvmFacts(root = '/'): Promise<KvmFacts> {
  const cpuinfo = await readFile(join(root, 'proc/cpuinfo'), 'utf8').catch(() => '');
  return { arch: process.arch, hasFlag: hasKvmFlag(cpuinfo), device: await getDevice(join(root, 'dev/kvm')) };
}

/** proc(5), /proc/cpuinfo: the flags of the first processor. */
export function hasKvmFlag(cpuinfo: string): boolean {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return /\s(vmx|svm)(\s|$)/.test(flags);
}

async function getDevice(path: string): Promise<KvmDevice | undefined> {
  try {
    const { mode, gid } = await stat(path);
    return { mode: mode & 0o777, gid, refusal: await getRefusal(path) };
  } catch {
    return undefined;
  }
}

async function getRefusal(path: string): Promise<string | undefined> {
  try {
    await (await open(path, constants.O_RDWR | constants.O_NONBLOCK)).close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
