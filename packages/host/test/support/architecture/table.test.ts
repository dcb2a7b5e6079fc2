import { expect, test } from 'bun:test';
import { getPackage, parseImports } from './imports.ts';
import { getViolation, parseTable } from './table.ts';

const TABLE = `
<!-- import table: packages/host/test/architecture.test.ts reads it -->
| part | may import | packages |
|---|---|---|
| \`host/src/cli\` | \`protocol/src\`, \`host/src/substrate/substrate.ts\` | \`commander\` |
| \`host/src/substrate\` | \`protocol/src\` | |
| \`host/src/substrate/podman\` | \`host/src/substrate\` | \`node:net\` |
| \`protocol/src\` | | \`zod\` |
<!-- end of import table -->`;

const CASES: [string, string, string, string | undefined][] = [
  ['itself', 'cli/a.ts', './b.ts', undefined],
  ['an allowed part', 'cli/a.ts', '@cspace/protocol/names', undefined],
  ['an allowed file', 'cli/a.ts', '../substrate/substrate.ts', undefined],
  ['another file of that folder', 'cli/a.ts', '../substrate/labels.ts', 'substrate/labels.ts'],
  ['a sub-part of its own part', 'substrate/a.ts', './podman/argv.ts', 'podman/argv.ts'],
  ['the part above', 'substrate/podman/a.ts', '../substrate.ts', undefined],
  ['an allowed package', 'cli/a.ts', 'commander', undefined],
  ['another package', 'cli/a.ts', 'execa', 'package execa'],
  ['a plain builtin', 'cli/a.ts', 'node:path', undefined],
  ['a watched builtin', 'cli/a.ts', 'node:net', 'package node:net'],
  ['a watched builtin that its row has', 'substrate/podman/a.ts', 'node:net', undefined],
  ['a folder without a row', 'new/a.ts', './b.ts', 'no row'],
];
for (const [what, file, name, violation] of CASES)
  test(`getViolation: ${what}: ${violation ? 'forbidden' : 'allowed'}`, () => {
    const [found] = parseImports(`packages/host/src/${file}`, `import { x } from '${name}';`);
    if (!found) throw new Error('no import found');
    const got = getViolation(parseTable(TABLE), found);
    if (violation === undefined) expect(got).toBeUndefined();
    else expect(got).toContain(violation);
  });

test('parseImports sees every form of import, and none in a comment', () => {
  const source = `import type { A } from 'a';
import {
  b,
} from 'b/sub';
import 'c';
export * from '@d/d/x';
const e = await import('e'); // import 'no1'
/* import x from 'no2' */
type F = import('f').F;
const url = 'http://x'; import g from 'g';`;
  const names = parseImports('packages/x/src/a.ts', source).map(({ target, line }) => `${target}:${line}`);
  expect(names).toEqual(['a:1', 'b:4', 'c:5', '@d/d:6', 'e:7', 'f:9', 'g:10']);
});

test('getPackage', () => {
  expect(['hono/body-limit', '@a/b/c', 'node:fs/promises'].map(getPackage)).toEqual([
    'hono',
    '@a/b',
    'node:fs/promises',
  ]);
});
