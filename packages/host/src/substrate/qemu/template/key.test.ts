import { expect, test } from 'bun:test';
import type { QemuPlan } from '../argv.ts';
import { getTemplateKey, type KeyFacts } from './key.ts';

const PLAN: QemuPlan = {
  accel: 'tcg',
  uid: 300_000,
  kvmGid: 104,
  cpus: 2,
  memoryMiB: 512,
  sockets: '/run/cspace/0/vm/1/sock',
  mac: '02:c5:00:00:00:02',
  kernelLine: 'console=ttyS0 quiet',
};
const FACTS: KeyFacts = {
  plan: PLAN,
  image: { kitKey: 'kit', rootKey: 'root' },
  qemu: '/usr/bin/qemu 1 2',
  host: 'linux',
  standby: undefined,
};
const of = (change: Partial<KeyFacts>) => getTemplateKey({ ...FACTS, ...change });
const ofPlan = (change: Partial<QemuPlan>, host = 'linux') => of({ plan: { ...PLAN, ...change }, host });

test('getTemplateKey: a hash', () => expect(of({})).toMatch(/^[0-9a-f]{64}$/));
test.each<[string, Partial<QemuPlan>]>([
  ['user', { uid: 300_001 }],
  ['group', { kvmGid: undefined }],
  ['sockets', { sockets: '/run/cspace/1/vm/2/sock' }],
  ['hardware address', { mac: '02:c5:00:00:00:03' }],
  ['generation', { template: { use: 'restore', generation: 'a' } }],
])('getTemplateKey: the same for another %s, which is a machine’s own', (_, change) =>
  expect(ofPlan(change)).toBe(of({})),
);
test.each<[string, string]>([
  ['memory', ofPlan({ memoryMiB: 1024 })],
  ['kernel line', ofPlan({ kernelLine: 'quiet' })],
  ['way to run', ofPlan({ accel: 'kvm' })],
  ['QEMU', of({ qemu: '/usr/bin/qemu 1 3' })],
  ['kit', of({ image: { kitKey: 'other', rootKey: 'root' } })],
  ['first program that stands by', of({ standby: [['arg', 'a']] })],
  ['root', of({ image: { kitKey: 'kit', rootKey: 'other' } })],
])('getTemplateKey: another one for another %s', (_, key) => expect(key).not.toBe(of({})));
test('getTemplateKey: processors count where a guest has more than one', () => {
  expect(ofPlan({ accel: 'kvm', cpus: 3 })).not.toBe(ofPlan({ accel: 'kvm' }));
});
test('getTemplateKey: the host counts where its processor runs the guest', () => {
  expect(ofPlan({}, 'other')).toBe(ofPlan({}));
  expect(ofPlan({ accel: 'kvm' }, 'other')).not.toBe(ofPlan({ accel: 'kvm' }));
});
