import { expect, test } from 'bun:test';
import { getMachineUid, MACHINE_ID, pickMachineId, UID_BASE } from './ids.ts';

test('pickMachineId: an id whose user no other machine is', () => {
  const offered = ['0007aaaaaaaa', '0007bbbbbbbb', '0008aaaaaaaa'];
  const id = pickMachineId(['000712345678', '0009aaaaaaaa'], () => offered.shift() ?? '');
  expect(id).toBe('0008aaaaaaaa');
  expect(getMachineUid(id)).toBe(UID_BASE + 8);
});
test('pickMachineId: of its own, twelve digits', () => expect(pickMachineId([])).toMatch(MACHINE_ID));
test.each(['000000000000', 'ffffffffffff'])('getMachineUid: %s is nobody of the host’s', (id) => {
  expect(getMachineUid(id)).toBeGreaterThanOrEqual(UID_BASE);
  expect(getMachineUid(id)).toBeLessThan(UID_BASE + 65_536);
});
