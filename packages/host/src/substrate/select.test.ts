import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { listKinds, pickKind, pickKindToSetUp, selectSubstrate } from './select.ts';
import type { HostKind, Probe } from './substrate.ts';

const OPTIONS = {
  folder: '/nowhere',
  store: '/nowhere',
  templates: true,
  loadKit: async () => ({ hash: '', write: async () => {} }),
  owner: { uid: 1, gid: 1 },
  homeLabel: '0',
  addressOf: () => undefined,
};

test('selectSubstrate gives what was asked for', () => {
  expect(selectSubstrate('podman', OPTIONS, 'linux/arm64').kind).toBe('podman');
  expect(selectSubstrate('apple', OPTIONS, 'darwin/arm64').kind).toBe('apple');
});
test.each<[SubstrateKind, HostKind, string]>([
  ['apple', 'linux/x64', 'apple on linux/x64'],
  ['apple', 'darwin/x64', 'apple on darwin/x64'],
  ['podman', 'darwin/arm64', 'podman on darwin/arm64'],
])('selectSubstrate refuses %s on %s', (kind, host, words) => {
  let thrown: unknown;
  try {
    selectSubstrate(kind, OPTIONS, host);
  } catch (error) {
    thrown = error;
  }
  expect(toProblem(thrown)).toMatchObject({
    code: 'host-unsupported',
    message: expect.stringContaining(words),
  });
});

test('listKinds: podman on every Linux, apple on a Mac of Apple’s own processors alone', () => {
  expect(listKinds('linux/x64').at(-1)).toBe('podman');
  expect(listKinds('linux/arm64')).toEqual(['podman']);
  expect(listKinds('darwin/arm64')).toEqual(['apple']);
  expect(listKinds('darwin/x64')).toEqual([]);
});

/** Of qemu; podman is usable. */
const probes = (usable: boolean, native: Probe['native']) =>
  new Map<SubstrateKind, Pick<Probe, 'usable' | 'native'>>([
    ['qemu', { usable, native }],
    ['podman', { usable: true, native: 'yes' }],
  ]);

test.each([
  [true, 'yes', 'qemu', 'qemu'],
  [false, 'yes', 'podman', 'qemu'],
  [true, 'no', 'podman', 'podman'],
  [true, 'untried', 'podman', 'qemu'],
  [false, 'untried', 'podman', 'qemu'],
] as const)(
  'of a qemu that is usable: %p, KVM: %s, up takes %s and setup proposes %s',
  (usable, native, up, setup) => {
    expect(pickKind(probes(usable, native))).toBe(up);
    expect(pickKindToSetUp(probes(usable, native))).toBe(setup);
  },
);

test('pickKind is podman where nothing is usable: setup mends that', () =>
  expect(
    pickKind(
      new Map([
        ['qemu', { usable: false, native: 'no' }],
        ['podman', { usable: false, native: 'yes' }],
      ]),
    ),
  ).toBe('podman'));
