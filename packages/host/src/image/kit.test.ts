import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readImageFolder } from './checkout-source.ts';
import { createEmbeddedSource } from './embedded-source.ts';
import { readKitFiles } from './kit.ts';
import type { ImageFiles } from './source.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'image-kit-'));
  for (const path of ['Dockerfile', 'vm/Dockerfile', 'vm/init/main.c']) {
    mkdirSync(dirname(join(root, 'image', path)), { recursive: true });
    writeFileSync(join(root, 'image', path), path);
  }
});
afterEach(() => rmSync(root, { recursive: true }));

const getTexts = (files: ImageFiles) =>
  Object.fromEntries([...files].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
const KIT = { Dockerfile: 'vm/Dockerfile', 'init/main.c': 'vm/init/main.c' };

test('readKitFiles: the folder image/vm of a checkout, which is no part of the image', async () => {
  expect(getTexts(await readKitFiles(root, undefined))).toEqual(KIT);
  expect(getTexts(await readImageFolder(root))).toEqual({ Dockerfile: 'Dockerfile' });
});

test('readKitFiles: the same out of a standalone binary, whose image has none of it', async () => {
  const paths = ['Dockerfile', 'vm/Dockerfile', 'vm/init/main.c'];
  const embedded = Object.fromEntries(paths.map((path) => [path, join(root, 'image', path)]));
  expect(getTexts(await readKitFiles('/nowhere', embedded))).toEqual(KIT);
  const options = { signal: AbortSignal.timeout(1000), onProgress: () => {} };
  expect(getTexts(await createEmbeddedSource(embedded).files(options))).toEqual({ Dockerfile: 'Dockerfile' });
});
