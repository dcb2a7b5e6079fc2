import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxRecord } from '../registry/record.ts';
import { countFiles } from '../system/count-files.ts';
import type { House } from './house.ts';
import type { UpReporter } from './spans.ts';

/** From this share of what a machine can have in use on, the user is told. */
const MUCH = 0.5;

export interface CheckOptions {
  report: Pick<UpReporter, 'progress'>;
  signal: AbortSignal;
}

/**
 * Where the substrate bounds how many files of its folders a machine can have in use: a note where the clone has many, and
 * a problem where they are too many, since programs inside would fail at odd places (trap 39). Git's own folder is not
 * counted: little of it is in use at one time.
 */
export async function checkSharedFiles(
  house: House,
  record: SandboxRecord,
  { report, signal }: CheckOptions,
): Promise<void> {
  const most = await house.substrates.get(record.substrate).getMostFiles?.();
  if (most === undefined) return;
  const count = await countFiles(house.paths.clone(record), {
    skip: ['.git', ...record.volumes],
    most,
    signal,
  });
  if (count > most) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: `the clone of ${record.sandbox} has more files than its machine can have in use, which is ${most}`,
      why: 'every file that the machine knows is an open file of the host',
      fix: MENDING,
    });
  }
  if (count <= most * MUCH) return;
  report.progress(
    'note',
    `the clone of ${record.sandbox} has ${count} files, and its machine can have ${most} in use; ${MENDING}`,
  );
}

const MENDING =
  'put heavy trees on its own disk ("volumes": ["node_modules"] in .cspace.json), or raise the limit of open files (ulimit -Hn) and run: cspace daemon stop';
