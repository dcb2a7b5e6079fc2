import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GUEST_EXIT_CODE, GUEST_WORD } from './guest.ts';

/** Scripts that stand for QEMU: what a guest under it does. Each writes its pid first. */
export const STAND_INS = {
  /** A guest that runs. */
  runs: `echo '${GUEST_WORD}'; exit ${GUEST_EXIT_CODE}`,
  /** One that takes all of a CPU and listens to nothing but SIGKILL. */
  spins: `trap '' TERM INT HUP QUIT; while :; do :; done`,
  sleeps: 'exec sleep 60',
  /** As QEMU does where the CPU refuses an MSR. */
  aborts: `echo 'qemu: error: failed to set MSR 0x48' >&2; kill -ABRT $$`,
  refuses: `echo 'Could not access KVM kernel module: Permission denied' >&2; exit 1`,
  /** A triple fault: QEMU ends as after an orderly end. */
  silent: 'exit 0',
  /** What it may do. */
  tells: `echo $(grep -E '^(Uid|Groups|CapEff|CapBnd|NoNewPrivs):' /proc/$$/status) >&2; exit 1`,
  /** Its word, and an end that it did not make. */
  saysOnly: `echo '${GUEST_WORD}'; exit 0`,
} as const;

export interface StandIn extends AsyncDisposable {
  folder: string;
  qemu: string;
  /** Stands for `/`: a CPU that can, and a /dev/kvm for everybody. */
  root: string;
  store: string;
  use(script: keyof typeof STAND_INS): Promise<void>;
  /** Of all that were started. */
  pids(): Promise<number[]>;
}

/** A host of files, with a QEMU that is a script; QEMU's user gets at it. */
export async function createStandIn(script: keyof typeof STAND_INS): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), 'cspace-kvm-'));
  const root = join(folder, 'root');
  const pids = join(folder, 'pids');
  const qemu = join(folder, 'qemu');
  await chmod(folder, 0o755);
  await mkdir(join(root, 'proc'), { recursive: true });
  await mkdir(join(root, 'dev'));
  await writeFile(join(root, 'proc/cpuinfo'), 'processor\t: 0\nflags\t\t: fpu vmx sse\n');
  await writeFile(join(root, 'dev/kvm'), '');
  await writeFile(pids, '');
  for (const path of [join(root, 'dev/kvm'), pids]) await chmod(path, 0o666);
  const use = async (name: keyof typeof STAND_INS) => {
    await writeFile(qemu, `#!/bin/sh\necho $$ >> ${pids}\n${STAND_INS[name]}\n`);
    await chmod(qemu, 0o755);
  };
  await use(script);
  return {
    folder,
    qemu,
    root,
    store: join(folder, 'store'),
    use,
    pids: async () => (await Bun.file(pids).text()).split('\n').filter(Boolean).map(Number),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
