import { readMostOpenFiles } from '../../../system/process-limits.ts';
import type { ProbeFinding } from '../../substrate.ts';

/** A middling project with its dependencies; below it the limit will be felt. */
const ENOUGH_FILES = 100_000;

/** How much of its folders a machine can have in use; `up` compares it with each clone. `root` stands for `/`. */
export async function probeOpenFiles(root = '/'): Promise<ProbeFinding> {
  const files = await readMostOpenFiles(root);
  if (files >= ENOUGH_FILES)
    return { ok: true, what: `${files} files of a machine's folders in use at a time` };
  return {
    ok: false,
    optional: true,
    what: `only ${files} files of a machine's folders can be in use at a time`,
    why: 'each is an open file of the host, whose limit cannot be raised from here',
    fix: 'start the daemon where the hard limit is higher (ulimit -Hn), or put heavy trees on machines\' own disks: "volumes": ["node_modules"]',
  };
}
