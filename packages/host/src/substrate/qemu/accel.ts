import { findQemu } from './find-qemu.ts';
import { isKvmPromising, probeKvm } from './kvm/kvm.ts';

export interface AccelOptions {
  /** PATH to find QEMU on. */
  path: string;
  /** Where what is known of this host is kept. */
  store: string;
  /** Stands for `/`, for tests. */
  root?: string;
}

/**
 * How guests run on this host, asked as often as one likes: once they have run under KVM they do, and what does not work
 * now may be mended by the next time.
 */
export function createAccel({
  path,
  store,
  root = '/',
}: AccelOptions): (signal: AbortSignal) => Promise<'kvm' | 'tcg'> {
  let proven = false;
  return async (signal) => {
    if (proven) return 'kvm';
    if (!(await isKvmPromising(root))) return 'tcg';
    const { works } = await probeKvm({ store, root, qemu: await findQemu(path, signal), signal });
    proven = works === 'yes';
    return proven ? 'kvm' : 'tcg';
  };
}
