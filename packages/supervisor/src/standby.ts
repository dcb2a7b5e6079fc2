import { readFile } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';

const FLAG = '--standby';

/**
 * The environment to run with: our own, or with `--standby FIFO` the one that comes through that pipe, in the form of
 * environ(7): `NAME=value`, each ended by NUL. Resolves when the writer has closed it, which may be long after we were
 * started: a machine that is begun from a memory template has its supervisor loaded already, and is told only then which
 * sandbox it is. Throws ProblemError `config-invalid` where the arguments are others.
 */
export async function getEnvironment(
  argv: readonly string[],
  own: Record<string, string | undefined>,
): Promise<Record<string, string | undefined>> {
  const [flag, fifo, ...more] = argv;
  if (flag === undefined) return own;
  if (flag !== FLAG || fifo === undefined || more.length > 0) {
    throw new ProblemError({
      code: 'config-invalid',
      message: `unknown arguments: ${argv.join(' ')}`,
      why: `there is ${FLAG} FIFO, or nothing`,
    });
  }
  const environment = parseEnvironment(await readFile(fifo, 'utf8'));
  forgetRandomness();
  return environment;
}

/** More than the 2 KiB that Bun keeps at hand for UUIDs and small arrays (128 UUIDs). */
const UUIDS_AT_HAND = 512;

/**
 * What Bun has at hand was drawn when the first UUID was, and the agent's SDK draws one as it is loaded: it is in the memory
 * of every machine from the same template, which would all go on with the same UUIDs. The kernel's own is fresh by now.
 */
function forgetRandomness(): void {
  for (let count = 0; count < UUIDS_AT_HAND; count += 1) crypto.randomUUID();
}

export function parseEnvironment(text: string): Record<string, string> {
  const entries = text.split('\0').flatMap((entry): [string, string][] => {
    const cut = entry.indexOf('=');
    return cut < 1 ? [] : [[entry.slice(0, cut), entry.slice(cut + 1)]];
  });
  return Object.fromEntries(entries);
}
