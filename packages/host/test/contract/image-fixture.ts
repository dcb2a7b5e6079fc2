import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const BASE_IMAGE = process.env.CSPACE_TEST_IMAGE ?? 'localhost/cspace:latest';

interface TestContext {
  tag: string;
  folder: string;
  buildArgs: Record<string, string>;
  onLine: (line: string) => void;
}

/** The image given with another first program: metadata alone, no layer. `build` makes it of a context in `folder`. */
export async function buildTestImage(
  folder: string,
  tag: string,
  build: (context: TestContext) => Promise<void>,
): Promise<void> {
  const context = join(folder, 'image');
  mkdirSync(context);
  const dockerfile = `FROM ${BASE_IMAGE}\nENTRYPOINT ["/bin/sh", "/workspace/boot"]\nCMD []\nLABEL dev.cspace.standby=0\n`;
  writeFileSync(join(context, 'Dockerfile'), dockerfile);
  await build({ tag, folder: context, buildArgs: {}, onLine: () => undefined });
  rmSync(context, { recursive: true });
}
