import { expect, test } from 'bun:test';
import { findMacObstacle } from './mac-host.ts';

const find = (arch: string, release: string, translated?: boolean) =>
  findMacObstacle({ arch, release, translated })?.what;

test('findMacObstacle: none on macOS 26 and later with Apple silicon', () => {
  expect(find('arm64', '25.0.0')).toBeUndefined();
  expect(find('arm64', '26.1.0')).toBeUndefined();
});
test('findMacObstacle: macOS 15', () => expect(find('arm64', '24.6.0')).toBe('this macOS is older than 26'));
test('findMacObstacle: Intel', () =>
  expect(find('x64', '25.0.0', false)).toBe('this Mac has an Intel processor'));
test('findMacObstacle: Rosetta, known or likely', () => {
  expect(find('x64', '25.0.0', true)).toBe('this cspace is built for Intel');
  expect(find('x64', '25.0.0')).toBe('this cspace is built for Intel');
});
