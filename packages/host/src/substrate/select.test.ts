import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { selectSubstrate } from './select.ts';

const OPTIONS = { folder: '/nowhere', owner: { uid: 1, gid: 1 }, homeLabel: '0', addressOf: () => undefined };
const select = (kind: SubstrateKind | undefined, platform: NodeJS.Platform) =>
  selectSubstrate(kind, OPTIONS, platform);

test('selectSubstrate is podman on Linux', () => expect(select(undefined, 'linux').kind).toBe('podman'));
test.each<[SubstrateKind | undefined, NodeJS.Platform]>([
  ['qemu', 'linux'],
  ['apple', 'linux'],
  ['podman', 'darwin'],
  [undefined, 'darwin'],
])('selectSubstrate refuses %s on %s', (kind, platform) => {
  let thrown: unknown;
  try {
    select(kind, platform);
  } catch (error) {
    thrown = error;
  }
  expect(toProblem(thrown).code).toBe('host-unsupported');
});
