import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { createContext } from '../../test/support/cli-context.ts';
import { testUnless } from '../../test/support/test-unless.ts';
import type { Finding, ProbeHostOptions } from '../setup/probe-host.ts';
import { setUpHost } from './offer-setup.ts';

const testAsRoot = testUnless(process.getuid?.() === 0 ? undefined : 'only root installs by itself');
const START = 'container system start --enable-kernel-install';
const erofs = { ok: false, what: 'mkfs.erofs is not installed', packages: ['erofs-utils'] };
const kvm = { ok: false, optional: true, what: 'no KVM', why: 'there is no /dev/kvm' };

/** Sets up a host on which qemu is the one worth it, and which lacks what is given. */
async function setUp(options: { yes: boolean; substrate?: SubstrateKind }, lacking: Finding[]) {
  const probes: Partial<ProbeHostOptions>[] = [];
  const installed: string[] = [];
  const ran: string[] = [];
  const effects = {
    async probeHost({ substrate, forSetup }: ProbeHostOptions) {
      probes.push({ ...(substrate ? { substrate } : {}), ...(forSetup ? { forSetup } : {}) });
      const findings = installed.length + ran.length > 0 ? [kvm] : lacking;
      return { usable: true, substrate: substrate ?? 'qemu', findings, substrates: [] };
    },
    async installPackages(packages: readonly string[]) {
      installed.push(...packages);
    },
    async runFix(argv: readonly string[]) {
      ran.push(argv.join(' '));
    },
  };
  const { context } = createContext([]);
  const work = setUpHost(context, { substrate: undefined, ...options }, effects);
  return { result: await work.catch(toProblem), probes, installed, ran };
}

testAsRoot(
  'setUpHost --yes installs what the substrate lacks that is worth it, and looks again for that one',
  async () => {
    const { result, probes, installed } = await setUp({ yes: true }, [kvm, erofs]);
    expect(installed).toEqual(['erofs-utils']);
    expect(probes).toEqual([{ forSetup: true }, { substrate: 'qemu', forSetup: true }]);
    expect(result).toMatchObject({ changed: true, substrate: 'qemu', findings: [kvm] });
  },
);

test('setUpHost sets up the one that was asked for; where nothing is missing it installs nothing', async () => {
  const { result, probes, installed } = await setUp({ yes: true, substrate: 'podman' }, [kvm]);
  expect({ installed, probes }).toEqual({
    installed: [],
    probes: [{ substrate: 'podman', forSetup: true }],
  });
  expect(result).toMatchObject({ changed: false, command: null, substrate: 'podman' });
});

test('setUpHost without --yes and without a terminal says what is missing and the line to run', async () => {
  const { result, installed } = await setUp({ yes: false, substrate: 'qemu' }, [kvm, erofs]);
  expect(installed).toEqual([]);
  expect(result).toEqual({
    code: 'engine-missing',
    message: 'this machine lacks what sandboxes need',
    why: 'mkfs.erofs is not installed',
    fix: 'cspace setup --substrate qemu --yes',
  });
});

const stopped = { ok: false, what: "container's service is unregistered", fix: START };

test('setUpHost --yes starts the service of container, as whoever calls', async () => {
  const { result, ran, installed } = await setUp({ yes: true, substrate: 'apple' }, [stopped]);
  expect({ ran, installed }).toEqual({ ran: [START], installed: [] });
  expect(result).toMatchObject({ changed: true, command: START, substrate: 'apple' });
});

test('setUpHost without a terminal starts nothing, and names what would', async () => {
  const { result, ran } = await setUp({ yes: false, substrate: 'apple' }, [stopped]);
  expect(ran).toEqual([]);
  expect(result).toMatchObject({ code: 'engine-missing', fix: 'cspace setup --substrate apple --yes' });
});

test('setUpHost runs no other fix by itself', async () => {
  const { ran } = await setUp({ yes: true }, [{ ...stopped, fix: 'rm -rf /' }]);
  expect(ran).toEqual([]);
});
