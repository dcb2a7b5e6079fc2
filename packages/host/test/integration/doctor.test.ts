import { expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DoctorOutput } from '../../src/cli/output/schemas.ts';
import { OUTPUT_SCHEMAS } from '../../src/cli/output/schemas.ts';
import { hasKvmFlag } from '../../src/substrate/qemu/kvm/facts.ts';
import { callCli } from '../support/cli-context.ts';

// A dozen programs each time, on a machine that may be busy.
setDefaultTimeout(60_000);

async function doctor(...args: string[]): Promise<{ code: number; output: DoctorOutput; text: string }> {
  const home = mkdtempSync(join(tmpdir(), 'cspace-doctor-'));
  try {
    const env = { CSPACE_HOME: join(home, 'home'), CSPACE_TEST_VM_STORE: join(home, 'store') };
    const { code, stdout } = await callCli(['doctor', '--json', ...args], { env });
    const text = (await callCli(['doctor', ...args], { env })).stdout;
    expect(existsSync(join(home, 'home'))).toBe(false);
    return { code, output: OUTPUT_SCHEMAS.doctor.parse(JSON.parse(stdout)), text };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

test('doctor: what up takes here decides, and every substrate of this host is looked at', async () => {
  const { code, output, text } = await doctor();
  expect(output.substrates.map(({ kind }) => kind)).toContain('podman');
  const chosen = output.substrates.find(({ kind }) => kind === output.substrate);
  expect({ code, usable: output.usable }).toEqual(
    chosen?.usable ? { code: 0, usable: true } : { code: 3, usable: false },
  );
  expect(text).toContain(`, with ${output.substrate}.\n`);
});

test('doctor --substrate qemu: KVM is an answer with its reason, and never why it is not usable', async () => {
  const { code, output, text } = await doctor('--substrate', 'qemu');
  expect(output).toMatchObject({ substrate: 'qemu', substrates: [{ kind: 'qemu', usable: code === 0 }] });
  const kvm = output.findings.find(({ what }) => what.includes('KVM'));
  expect(text).toContain(kvm?.what ?? 'nothing');
  if (kvm?.ok) return;
  expect(kvm?.optional).toBe(true);
  expect(kvm?.why).toMatch(/\S/);
  // On a CPU that cannot, that is the reason, whatever else is not there.
  if (!hasKvmFlag(readFileSync('/proc/cpuinfo', 'utf8'))) expect(kvm?.why).toContain('vmx');
});

test('doctor --substrate apple: what this host has not, it says; exit 3', async () => {
  const { code, output } = await doctor('--substrate', 'apple');
  expect(code).toBe(3);
  const what = `cspace cannot run sandboxes with apple on ${process.platform}/${process.arch}`;
  expect(output.findings).toContainEqual({ ok: false, what });
});
