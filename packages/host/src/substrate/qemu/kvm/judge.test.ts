import { expect, test } from 'bun:test';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getKvmFacts, hasKvmFlag, type KvmDevice } from './facts.ts';
import { judgeKvm } from './judge.ts';
import { createStandIn } from './testing.ts';

const open = { mode: 0o660, gid: 106, refusal: undefined };
const judge = (device: Partial<KvmDevice> | undefined, change = {}) =>
  judgeKvm({ arch: 'x64', hasFlag: true, device: device && { ...open, ...device }, ...change });

test.each([
  ['its group', {}, { promising: true, group: 106, mayTry: true }],
  ['everybody', { mode: 0o666 }, { promising: true, group: undefined, mayTry: true }],
  ['its group, which we are not in', { refusal: 'EACCES' }, { promising: true, group: 106, mayTry: false }],
  ['root', { mode: 0o600 }, { promising: false }],
  ["root's group", { gid: 0 }, { promising: false }],
  ['reading, for its group', { mode: 0o640 }, { promising: false }],
  [
    'nobody: there is no such device',
    { refusal: 'ENODEV' },
    { promising: false, why: '/dev/kvm does not open: ENODEV' },
  ],
])('judgeKvm: /dev/kvm that is for %s', (_, device, outlook) => expect(judge(device)).toMatchObject(outlook));

test.each([
  ['the CPU has neither vmx nor svm', judge({}, { hasFlag: false })],
  ['there is no /dev/kvm', judge(undefined)],
  ['this host is arm64', judge({}, { arch: 'arm64' })],
  // A CPU that cannot is not asked for its device.
  ['the CPU has neither vmx nor svm', judge(undefined, { hasFlag: false })],
])('judgeKvm says why: %s', (why, outlook) =>
  expect(outlook).toMatchObject({ promising: false, why: expect.stringContaining(why) }),
);

test.each([
  ['flags\t\t: fpu vmx sse\n', true],
  ['flags\t\t: fpu sse svm\n', true],
  ['flags\t\t: fpu svme vmxx\nvmx flags\t: vnmi\n', false],
  ['flags\t\t: fpu hypervisor\nmodel name\t: vmx\n', false],
  ['', false],
])('hasKvmFlag %j: %p', (cpuinfo, expected) => expect(hasKvmFlag(cpuinfo)).toBe(expected));

test('getKvmFacts reads the host, and never throws', async () => {
  await using host = await createStandIn('runs');
  const device = join(host.root, 'dev/kvm');
  expect(await getKvmFacts(host.root)).toMatchObject({
    hasFlag: true,
    device: { mode: 0o666, refusal: undefined },
  });
  await rm(device);
  expect((await getKvmFacts(host.root)).device).toBeUndefined();
  await writeFile(device, '');
  await chmod(device, 0o640);
  expect((await getKvmFacts(host.root)).device?.mode).toBe(0o640);
  expect(await getKvmFacts('/no/such/root')).toMatchObject({ hasFlag: false, device: undefined });
});
