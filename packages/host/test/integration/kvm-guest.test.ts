import { expect } from 'bun:test';
import { findQemu } from '../../src/substrate/qemu/find-qemu.ts';
import { runGuest } from '../../src/substrate/qemu/kvm/run-guest.ts';
import { BASE_ENV } from '../../src/system/exec.ts';
import { testUnless } from '../support/test-unless.ts';

const signal = AbortSignal.timeout(60_000);
const qemu = await findQemu(BASE_ENV.PATH, signal);
const testWithQemu = testUnless(qemu ? undefined : 'QEMU is not here: cspace setup --substrate qemu');
const path = qemu?.path ?? '';
/** Emulated, and on a busy host. */
const deadlineMs = 30_000;

testWithQemu(
  'runGuest: the guest of the KVM probe runs, emulated: it says its word and ends QEMU',
  async () =>
    expect(await runGuest({ qemu: path, accelerator: 'tcg', deadlineMs, signal })).toEqual({ ran: true }),
);
