/** Writes the documents that are made from the code: scripts/generate-docs. A test fails where they are stale. */
import { join } from 'node:path';
import { getPages } from './docs/pages.ts';

const ROOT = join(import.meta.dir, '..');

for (const [path, text] of getPages()) {
  await Bun.write(join(ROOT, path), text);
  console.log(path);
}
