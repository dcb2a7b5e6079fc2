import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import type { Probe, Substrate } from '../substrate/substrate.ts';
import { createSubstrates, type Ways } from './substrates.ts';

const signal = new AbortController().signal;
const USABLE: Probe = { usable: true, version: '7.2.0', native: 'yes', findings: [] };
const LACKING: Probe = {
  ...USABLE,
  usable: false,
  findings: [
    { ok: false, optional: true, what: 'no KVM' },
    { ok: false, what: 'ssh is not installed', why: 'it is needed', packages: ['openssh-client'] },
    { ok: true, what: 'nft' },
  ],
};

/** qemu as the probes find it, one after the other; podman is never looked at. */
function setUp(probes: Probe[], change: Partial<Ways> = {}) {
  const asked: string[] = [];
  const substrates = createSubstrates({
    kinds: ['qemu', 'podman'],
    composite: ['qemu'],
    select: (kind) => ({ kind }) as Substrate,
    probe: async (kind) => {
      asked.push(kind);
      return probes[Math.min(asked.length, probes.length) - 1] ?? LACKING;
    },
    isPromising: async () => true,
    ...change,
  });
  return { asked, pick: (wanted?: SubstrateKind) => substrates.pick(wanted, signal), substrates };
}

test('pick: qemu where KVM runs guests and all is there; it is looked at once', async () => {
  const { pick, asked } = setUp([USABLE]);
  expect([await pick(), await pick(), await pick('qemu')]).toEqual(['qemu', 'qemu', 'qemu']);
  expect(asked).toEqual(['qemu']);
});

test('pick: podman where qemu lacks something or is emulated, until that is mended', async () => {
  const { pick } = setUp([LACKING, { ...USABLE, native: 'no' }, { ...USABLE, native: 'untried' }, USABLE]);
  expect([await pick(), await pick(), await pick(), await pick()]).toEqual([
    'podman',
    'podman',
    'podman',
    'qemu',
  ]);
});

test.each<[string, Partial<Ways>]>([
  ['KVM is out of the question', { isPromising: async () => false }],
  ['there is nothing else, as on arm64', { kinds: ['podman'] }],
])('pick: podman without a look where %s', async (_, change) => {
  const { pick, asked } = setUp([USABLE], change);
  expect([await pick(), asked]).toEqual(['podman', []]);
});

test('pick: what was asked for is taken, emulated too', async () => {
  const { pick, asked } = setUp([{ ...USABLE, native: 'no' }]);
  expect([await pick('podman'), await pick('qemu'), await pick('qemu')]).toEqual(['podman', 'qemu', 'qemu']);
  expect(asked).toEqual(['qemu']);
});

test('pick: one that lacks something says all of it, and is looked at anew by the next call', async () => {
  const { pick } = setUp([LACKING, USABLE]);
  expect(toProblem(await pick('qemu').catch((error) => error))).toEqual({
    code: 'engine-missing',
    message: 'this machine lacks what sandboxes with qemu need',
    why: 'ssh is not installed: it is needed',
    fix: 'cspace setup --substrate qemu',
  });
  expect(await pick('qemu')).toBe('qemu');
});

test('get makes each once; list has them all', () => {
  const { substrates } = setUp([]);
  expect(substrates.get('qemu')).toBe(substrates.get('qemu'));
  expect(substrates.list().map(({ kind }) => kind)).toEqual(['qemu', 'podman']);
});
