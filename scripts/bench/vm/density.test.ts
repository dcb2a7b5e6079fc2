import { expect, test } from 'bun:test';
import { getDensityRows, type Weighed } from './density.ts';

const weighed = (machine: number, daemon: number): Weighed => ({
  daemon,
  sandboxes: [1, 2].map(() => ({ machine, vmm: machine / 2, virtiofsd: 1, guest: machine / 4 })),
});

test('getDensityRows: machines beside each other, and each part beside what it is told beside', () => {
  const rows = getDensityRows({
    booted: weighed(400, 2),
    restored: weighed(100, 3),
    contained: weighed(200, 1),
  });
  const ratios = Object.fromEntries(rows.map(({ metric, ratio }) => [metric, ratio.value]));
  expect(ratios).toEqual({
    'from a template (peer: booted)': 0.25,
    'booted (peer: container)': 2,
    'from a template (peer: container)': 0.5,
    'guest memory, booted (peer: in the container)': 2,
    'guest memory, from a template (peer: booted)': 0.25,
    'QEMU without it (peer: conmon)': 2,
    'virtiofsd (peer: container)': 0.005,
    'daemon, a sandbox (peer: with podman)': 2,
  });
  expect(rows.every(({ ours, peer }) => ours.n === peer.n)).toBe(true);
});
