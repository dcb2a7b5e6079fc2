import { APPLE_CAPABILITIES } from '../../packages/host/src/substrate/apple/capabilities.ts';
import { PODMAN_CAPABILITIES } from '../../packages/host/src/substrate/podman/capabilities.ts';
import {
  EMULATED_CAPABILITIES,
  QEMU_CAPABILITIES,
} from '../../packages/host/src/substrate/qemu/capabilities.ts';
import type { Capabilities } from '../../packages/host/src/substrate/substrate.ts';
import { formatTable } from './table.ts';

const START = '<!-- table: scripts/generate-docs makes it of what each substrate declares -->';
const END = '<!-- end of table -->';

const COLUMNS: readonly [string, Capabilities][] = [
  ['podman', PODMAN_CAPABILITIES],
  ['qemu with KVM', QEMU_CAPABILITIES],
  ['qemu, emulated', EMULATED_CAPABILITIES],
  ['apple', APPLE_CAPABILITIES],
];

const SYSTEMS = { linux: 'Linux', darwin: 'macOS' } as const;
const PROCESSORS = { x64: 'x86-64', arm64: 'arm64' } as const;
const yesNo = (value: boolean) => (value ? 'yes' : 'no');

/** Every capability is in a row: a test counts them. */
const ROWS: { [K in keyof Capabilities]: readonly [string, (value: Capabilities[K]) => string] } = {
  hosts: [
    'hosts',
    (hosts) =>
      hosts
        .map((host) => host.split('/') as [keyof typeof SYSTEMS, keyof typeof PROCESSORS])
        .map(([system, processor]) => `${SYSTEMS[system]} ${PROCESSORS[processor]}`)
        .join(', '),
  ],
  isolation: [
    'kernel',
    (value) => (value === 'microvm' ? 'its own, in a microVM' : "the host's, in a container"),
  ],
  cpu: [
    'instructions are run by',
    (value) =>
      ({ host: 'the CPU', virtualised: 'the CPU, in a virtual machine', emulated: 'a program, slowly' })[
        value
      ],
  ],
  memory: [
    'memory on the host',
    (value) =>
      ({
        processes: 'what its processes use',
        'given back': 'what the guest has used, given back when idle',
        kept: 'what the guest has ever used',
      })[value],
  ],
  sharedFolders: ['folders of the host can be shared', yesNo],
  sharedBy: ['`/workspace` is shared by', (value) => value],
  boundedDisk: ['its own disk is bounded', yesNo],
  exec: [
    '`exec` and `shell` go by',
    (value) => (value === 'ssh' ? 'ssh, with keys of its own' : 'the engine'),
  ],
  readyTimeoutMs: ['`up` waits for the supervisor', (value) => `${value / 1000} s`],
  routableAddress: ['the host reaches its address', yesNo],
  hostNetwork: ["its network is attached by cspace, with cspace's rules", yesNo],
  setsHostname: ['its host name is the name of the sandbox', yesNo],
  fractionalCpus: ['`limits.cpus` may be a fraction', yesNo],
  fixedSysctls: ["the guest's root cannot change its network's kernel settings", yesNo],
};

/** What the substrates declare, beside each other. */
export function getSubstratesTable(): string {
  const row = <K extends keyof Capabilities>(key: K) => {
    const [title, format] = ROWS[key];
    return [title, ...COLUMNS.map(([, capabilities]) => format(capabilities[key]))];
  };
  const keys = Object.keys(ROWS) as (keyof Capabilities)[];
  return formatTable(['', ...COLUMNS.map(([name]) => name)], keys.map(row));
}

/** docs/substrates.md with the table as it should be; the rest of it is written by hand. Throws where its marks are gone. */
export function withTable(page: string): string {
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('docs/substrates.md has lost its marks');
  return `${before}${START}\n\n${getSubstratesTable()}\n\n${END}${after}`;
}
