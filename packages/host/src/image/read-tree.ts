import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/**
 * The regular files below a folder that `wants` them, by their path in it with `/` between its parts. Links and all
 * else that is no file is left out. Throws the system's error where the folder cannot be read.
 */
export async function readTree(
  folder: string,
  wants: (path: string) => boolean = () => true,
): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .map((path) => path.split(sep).join('/'))
    .filter(wants)
    .sort();
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path, new Uint8Array(await readFile(join(folder, path)))] as const),
    ),
  );
}
