import { randomFillSync } from 'node:crypto';
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

/** Draws after which BoringSSL's generator takes a new seed from the kernel (`kReseedInterval`, crypto/fipsmodule/rand). */
const DRAWS_OF_A_SEED = 4096;
/** More than the 2 KiB that Bun keeps drawn for UUIDs and small arrays (128 UUIDs). */
const UUIDS_AT_HAND = 256;

/**
 * Bun's random numbers come from a generator in its own memory, which was seeded when the agent's SDK, as it was loaded, drew
 * the first: all machines of one template would go on with the same ones. It takes the kernel's, fresh by now, after so
 * many draws and not before; then what was drawn ahead is used up.
 */
function forgetRandomness(): void {
  const byte = new Uint8Array(1);
  for (let count = 0; count < DRAWS_OF_A_SEED; count += 1) randomFillSync(byte);
  for (let count = 0; count < UUIDS_AT_HAND; count += 1) crypto.randomUUID();
}

export function parseEnvironment(text: string): Record<string, string> {
  const entries = text.split('\0').flatMap((entry): [string, string][] => {
    const cut = entry.indexOf('=');
    return cut < 1 ? [] : [[entry.slice(0, cut), entry.slice(cut + 1)]];
  });
  return Object.fromEntries(entries);
}
