import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { getPaths } from '../src/system/paths.ts';
import { parseImports, stripComments } from './support/architecture/imports.ts';
import { findRow, getViolation, parseTable } from './support/architecture/table.ts';

const ROOT = resolve(import.meta.dir, '../../..');
const MAX_LINES = 300;
const architecture = readFileSync(`${ROOT}/ARCHITECTURE.md`, 'utf8');

const read = (file: string) => readFileSync(`${ROOT}/${file}`, 'utf8');
const list = (pattern: string) =>
  [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })].filter((file) => !file.includes('node_modules/')).sort();

/** `testing.ts` is a folder's own helper for its tests, and belongs to them. */
const isTest = (file: string) => file.endsWith('.test.ts') || basename(file) === 'testing.ts';

const sources = list('packages/*/src/**/*.ts').filter((file) => !isTest(file));
const imports = sources.flatMap((file) => parseImports(file, read(file)));
const rows = parseTable(architecture);

test('import table: every import of a source file is allowed by it', () => {
  expect(imports.length).toBeGreaterThan(300);
  expect(imports.map((found) => getViolation(rows, found)).filter(Boolean)).toEqual([]);
});

test('import table: no source imports what is for tests', () => {
  const wrong = imports.filter(({ ours, target }) => ours && (isTest(target) || target.includes('/test/')));
  expect(wrong).toEqual([]);
});

test('import table: every row is about something that exists, and allows nothing that nobody uses', () => {
  for (const { part } of rows)
    expect([part, sources.some((file) => findRow(rows, file)?.part === part)]).toEqual([part, true]);
  const unused = rows.flatMap((row) => {
    const own = imports.filter(({ file }) => findRow(rows, file) === row);
    const targets = own.map(({ target }) => target.replace(/^packages\//, ''));
    const wanted = [...row.parts, ...row.packages];
    return wanted
      .filter((name) => !targets.some((target) => target === name || target.startsWith(`${name}/`)))
      .map((name) => `${row.part} does not import ${name}`);
  });
  expect(unused).toEqual([]);
});

test('import table: no two parts import each other', () => {
  const cycles = rows.flatMap((a) =>
    rows
      .filter((b) => a.part < b.part && a.parts.includes(b.part) && b.parts.includes(a.part))
      .map((b) => `${a.part} and ${b.part} import each other`),
  );
  expect(cycles).toEqual([]);
});

test(`every file has at most ${MAX_LINES} lines`, () => {
  const files = [...list('packages/**/*.ts'), ...list('scripts/**/*.ts'), ...list('image/**/*.ts')];
  const long = files.map((file) => [file, read(file).split('\n').length - 1] as const);
  expect(long.filter(([, lines]) => lines > MAX_LINES)).toEqual([]);
});

test('no source says `any`, nor that a value is there without looking', () => {
  const wrong = sources.flatMap((file) =>
    stripComments(read(file))
      .split('\n')
      .flatMap((line, index) =>
        /[:<|&(]\s*any\b|\bas any\b|@ts-ignore/.test(line) ? [`${file}:${index + 1}`] : [],
      ),
  );
  expect(wrong).toEqual([]);
});

test('ARCHITECTURE.md lists every file that system/paths.ts names', () => {
  const ref = { project: '<project>', sandbox: '<sandbox>' };
  const paths = Object.values(getPaths('~/.cspace')).map((path) =>
    typeof path === 'string' ? path : path(ref),
  );
  const begin = architecture.indexOf('## Files on the host');
  const section = architecture.slice(begin, architecture.indexOf('\n## ', begin + 1));
  const missing = paths
    .map((path) => path.replace('~/.cspace/', ''))
    .filter((path) => !section.includes(path));
  expect(begin).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});
