import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHostCertificates } from './host-ca.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-ca-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('readHostCertificates: every .crt below the folder, named by content', async () => {
  mkdirSync(join(folder, 'company'));
  writeFileSync(join(folder, 'a proxy.crt'), 'one');
  writeFileSync(join(folder, 'company', 'root.crt'), 'two');
  writeFileSync(join(folder, 'README'), 'three');
  const files = await readHostCertificates([folder]);
  expect([...files.values()].map((bytes) => new TextDecoder().decode(bytes)).sort()).toEqual(['one', 'two']);
  for (const path of files.keys()) expect(path).toMatch(/^ca\/host-[0-9a-f]{12}\.crt$/);
});

test('readHostCertificates: nothing where there is no such folder', async () => {
  expect(await readHostCertificates([join(folder, 'none')])).toEqual(new Map());
});
