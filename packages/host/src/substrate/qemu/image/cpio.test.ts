import { expect, test } from 'bun:test';
import { type CpioEntry, writeCpio } from './cpio.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const ENTRIES: CpioEntry[] = [
  { kind: 'folder', path: 'dev', mode: 0o755 },
  { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
  { kind: 'file', path: 'init', mode: 0o755, bytes: bytes('hello') },
  { kind: 'folder', path: 'modules', mode: 0o755 },
  { kind: 'file', path: 'modules/10-a.ko', mode: 0o644, bytes: bytes('') },
];

/** Reads an archive by the format's description alone (cpio(5), "New ASCII Format"). */
function parse(archive: Uint8Array) {
  const text = (from: number, to: number) => Buffer.from(archive.subarray(from, to)).toString('latin1');
  const align = (offset: number) => Math.ceil(offset / 4) * 4;
  const found = [];
  for (let at = 0; ; ) {
    expect(text(at, at + 6)).toBe('070701');
    const field = (n: number) => Number.parseInt(text(at + 6 + n * 8, at + 14 + n * 8), 16);
    const [mode, uid, gid, links, mtime, size] = [1, 2, 3, 4, 5, 6].map(field);
    const [major, minor, nameSize] = [9, 10, 11].map(field);
    const nameEnd = at + 110 + (nameSize ?? 0);
    const path = text(at + 110, nameEnd - 1);
    expect(archive[nameEnd - 1]).toBe(0);
    const start = align(nameEnd);
    const end = start + (size ?? 0);
    if (path === 'TRAILER!!!') return { found, length: align(end) };
    found.push({ path, mode, uid, gid, links, mtime, major, minor, content: text(start, end) });
    at = align(end);
  }
}

test('writeCpio: everything is there, root’s, without times, in the order of the names', () => {
  const archive = writeCpio(ENTRIES);
  const { found, length } = parse(archive);
  const own = { uid: 0, gid: 0, mtime: 0, major: 0, minor: 0, content: '' };
  expect(found).toEqual([
    { ...own, path: 'dev', mode: 0o040755, links: 2 },
    { ...own, path: 'dev/console', mode: 0o020600, links: 1, major: 5, minor: 1 },
    { ...own, path: 'init', mode: 0o100755, links: 1, content: 'hello' },
    { ...own, path: 'modules', mode: 0o040755, links: 2 },
    { ...own, path: 'modules/10-a.ko', mode: 0o100644, links: 1 },
  ]);
  expect(length).toBe(archive.length);
});
test('writeCpio: the same entries in another order are the same bytes', () =>
  expect(writeCpio([...ENTRIES].reverse())).toEqual(writeCpio(ENTRIES)));
test('writeCpio: another byte is another archive', () =>
  expect(
    writeCpio(ENTRIES.map((entry) => (entry.path === 'init' ? { ...entry, bytes: bytes('hallo') } : entry))),
  ).not.toEqual(writeCpio(ENTRIES)));
test('writeCpio: names of any length are found again', () => {
  const names = Array.from({ length: 9 }, (_, i) => 'n'.repeat(i + 1));
  const { found } = parse(
    writeCpio(names.map((path) => ({ kind: 'file', path, mode: 0o644, bytes: bytes(path) }))),
  );
  expect(found.map(({ path, content }) => [path, content])).toEqual(names.map((name) => [name, name]));
});
