import { expect, test } from 'bun:test';
import { getContentHash, getMode, getTag } from './content.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const files = (entries: Record<string, string>) =>
  new Map(Object.entries(entries).map(([path, text]) => [path, bytes(text)] as const));
const CONTEXT = {
  Dockerfile: 'FROM x',
  'versions.json': '{}',
  'rootfs/etc/gitconfig': 'a',
  'bundles/cspace.js': 'b',
  'ca/host.crt': 'c',
};

test.each(Object.keys(CONTEXT))('getContentHash: another one when %s changes', (path) => {
  const changed = { ...CONTEXT, [path]: 'changed' };
  expect(getContentHash(files(changed))).not.toBe(getContentHash(files(CONTEXT)));
});

test.each(Object.keys(CONTEXT))('getContentHash: another one without %s', (path) => {
  const changed = files(CONTEXT);
  changed.delete(path);
  expect(getContentHash(changed)).not.toBe(getContentHash(files(CONTEXT)));
});

test('getContentHash: the order of the files does not matter', () => {
  const reversed = Object.fromEntries(Object.entries(CONTEXT).reverse());
  expect(getContentHash(files(reversed))).toBe(getContentHash(files(CONTEXT)));
});

test('getContentHash: bytes do not run from one file into the next', () => {
  expect(getContentHash(files({ a: 'xb', c: '' }))).not.toBe(getContentHash(files({ a: 'x', bc: '' })));
});

test('getMode: scripts are executable, other files are not', () => {
  expect(getMode(bytes('#!/bin/sh\n'))).toBe(0o755);
  expect(getMode(bytes('# no script'))).toBe(0o644);
  expect(getMode(bytes(''))).toBe(0o644);
});

test('getTag: twelve digits of the hash', () => {
  expect(getTag('0123456789abcdef')).toBe('localhost/cspace:0123456789ab');
});
