import { readFile } from 'node:fs/promises';
import { type AnswerKey, readAnswer, writeAnswer } from './answer-file.ts';
import { getKvmFacts } from './facts.ts';
import { judgeKvm } from './judge.ts';
import { type GuestRun, runGuest } from './run-guest.ts';

/**
 * Whether guests run under KVM on this host. `untried`: everything looks well, and there was no QEMU to try it with, or
 * not the rights.
 */
export type KvmAnswer =
  | {
      works: 'yes';
      /** The group that a QEMU without rights has to be in; undefined where it needs none. */
      group: number | undefined;
    }
  | { works: 'no' | 'untried'; why: string; fix?: string };

export interface KvmOptions {
  /** Where the answer is kept. */
  store: string;
  /** QEMU's absolute path and version; undefined where it is not there. */
  qemu: { path: string; version: string } | undefined;
  /** Boot a guest though one did not run before. */
  again?: boolean;
  /** Stands for `/`, for tests. */
  root?: string;
  signal: AbortSignal;
}

/**
 * Finds out once for each boot of the host and each QEMU, by a guest that has to run; before QEMU is there by the CPU's
 * flags and /dev/kvm. Never throws.
 */
export async function probeKvm(options: KvmOptions): Promise<KvmAnswer> {
  const { store, qemu, again = false, root = '/', signal } = options;
  const outlook = judgeKvm(await getKvmFacts(root));
  if (!outlook.promising) {
    const { promising: _, ...rest } = outlook;
    return { works: 'no', ...rest };
  }
  const { group, mayTry } = outlook;
  if (!qemu) {
    const why = 'the CPU and /dev/kvm look well; whether a guest runs is tried when QEMU is there';
    return { works: 'untried', why };
  }
  const key = { bootId: await getBootId(), qemu: qemu.path, version: qemu.version };
  const known = await readAnswer(store, key);
  if (known && (known.ran || !again)) return toAnswer(known, group);
  if (!mayTry) {
    const why = 'this user may not open /dev/kvm; the next sandbox, or root, tries it';
    return { works: 'untried', why, fix: 'sudo cspace doctor' };
  }
  return toAnswer(await tryOnce({ key, store, group, signal }), group);
}

/** False where it is plain without a guest that KVM runs none. */
export async function isKvmPromising(root = '/'): Promise<boolean> {
  return judgeKvm(await getKvmFacts(root)).promising;
}

/** The group that a QEMU without rights has to be in for KVM; undefined where it needs none. */
export async function getKvmGroup(): Promise<number | undefined> {
  const outlook = judgeKvm(await getKvmFacts());
  return outlook.promising ? outlook.group : undefined;
}

interface Try {
  key: AnswerKey;
  store: string;
  group: number | undefined;
  signal: AbortSignal;
}

async function tryOnce({ key, store, group, signal }: Try): Promise<GuestRun> {
  try {
    const run = await runGuest({ qemu: key.qemu, accelerator: 'kvm', group, signal });
    // What was cut short says nothing.
    if (!signal.aborted) await writeAnswer(store, key, run);
    return run;
  } catch (error) {
    return { ran: false, why: `it could not be tried: ${error instanceof Error ? error.message : error}` };
  }
}

function toAnswer(run: GuestRun, group: number | undefined): KvmAnswer {
  if (run.ran) return { works: 'yes', group };
  return { works: 'no', why: run.why, fix: 'cspace setup --substrate qemu, which tries it again' };
}

/** random(4): another one after each boot of the host. */
async function getBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}
