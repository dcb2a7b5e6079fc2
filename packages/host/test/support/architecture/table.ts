import type { Import } from './imports.ts';

/** One row of ARCHITECTURE.md's import table. Paths start at `packages/`. */
export interface Row {
  /** A folder of sources, or one file: what the row is about, sub-folders without a row of their own included. */
  part: string;
  /** Folders or files of ours that it may import, beside itself. */
  parts: string[];
  /** Packages, and those builtins that are watched. */
  packages: string[];
}

/** Builtins that touch other programs, the network or foreign code: a part may use them only where its row says so. */
export const WATCHED_BUILTINS = [
  'node:child_process',
  'node:net',
  'node:http',
  'node:https',
  'bun:ffi',
  'bun:sqlite',
];

const BEGIN = '<!-- import table: packages/host/test/architecture.test.ts reads it -->';
const END = '<!-- end of import table -->';

/** Reads the table between its two markers: part | may import | packages. Throws where there is none. Pure. */
export function parseTable(markdown: string): Row[] {
  const begin = markdown.indexOf(BEGIN);
  const end = markdown.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error('ARCHITECTURE.md has no import table between its markers');
  const lines = markdown.slice(begin, end).split('\n');
  return lines
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, part = '', parts = '', packages = ''] = line.split('|');
      return { part: getCode(part)[0] ?? '', parts: getCode(parts), packages: getCode(packages) };
    });
}

function getCode(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

const within = (path: string, part: string): boolean => path === part || path.startsWith(`${part}/`);

/** The row that a file belongs to: the one with the longest part. Pure. */
export function findRow(rows: readonly Row[], file: string): Row | undefined {
  const path = file.replace(/^packages\//, '');
  return rows.filter(({ part }) => within(path, part)).sort((a, b) => b.part.length - a.part.length)[0];
}

/** Why an import breaks the table; undefined where it does not. Pure. */
export function getViolation(rows: readonly Row[], found: Import): string | undefined {
  const row = findRow(rows, found.file);
  const where = `${found.file}:${found.line}`;
  if (!row) return `${where}: no row of the import table covers this file`;
  if (!found.ours) {
    const free = /^(node|bun)(:|$)/.test(found.target) && !WATCHED_BUILTINS.includes(found.target);
    if (free || row.packages.includes(found.target)) return undefined;
    return `${where}: ${row.part} may not import the package ${found.target}`;
  }
  const target = found.target.replace(/^packages\//, '');
  const home = findRow(rows, found.target);
  // A sub-part with a row of its own is not reached by naming the folder above it.
  const allowed = row.parts.some((part) => part === target || (home?.part === part && within(target, part)));
  if (home?.part === row.part || allowed) return undefined;
  return `${where}: ${row.part} may not import ${target}`;
}
