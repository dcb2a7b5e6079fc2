import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../system/find-program.ts';
import { getMissing, probeProgram, probeVersion, type WantedProgram } from '../probe-programs.ts';
import type { Probe, ProbeFinding } from '../substrate.ts';
import { probeCgroups } from './cgroup.ts';
import { QEMU } from './find-qemu.ts';
import { probeOpenFiles } from './folders/probe.ts';
import { VIRTIOFSD_FOLDERS } from './folders/virtiofsd.ts';
import { type KvmAnswer, probeKvm } from './kvm/kvm.ts';
import { type Kept, listTemplates } from './template/store.ts';
import { getVirtiofsdPackage } from './virtiofsd-package.ts';

export interface ProbeQemuOptions {
  /** PATH to find programs on. */
  path: string;
  /** Where what is known of this host is kept. */
  store: string;
  /** What the builder of images needs: without an image there is no machine. */
  builder: Probe;
  /** Try KVM again though no guest ran before. */
  again?: boolean;
  /** Stands for `/`, for tests. */
  root?: string;
  signal: AbortSignal;
}

const MIB = 1024 * 1024;
/** The oldest that was tried. Ubuntu 22.04 has an older one. */
const QEMU_LEAST = [7, 2, 0] as const;

const PROGRAMS: readonly WantedProgram[] = [
  { name: 'mkfs.erofs', packages: ['erofs-utils'], forWhat: "to make machines' root disks of the image" },
  { name: 'mkfs.ext4', packages: ['e2fsprogs'], forWhat: "to make machines' own disks" },
  { name: 'ssh', packages: ['openssh-client'], forWhat: 'to run commands in machines' },
  { name: 'ssh-keygen', packages: ['openssh-client'], forWhat: "to make machines' keys" },
  { name: 'ip', packages: ['iproute2'], forWhat: 'to attach sandboxes to the network' },
  { name: 'nft', packages: ['nftables'], forWhat: 'to let sandboxes out to the network' },
  { name: 'setpriv', packages: ['util-linux'], forWhat: 'to take rights away from QEMU' },
  { name: 'unshare', packages: ['util-linux'], forWhat: 'to shut virtiofsd in' },
  { name: 'nsenter', packages: ['util-linux'], forWhat: 'to shut virtiofsd in' },
];

/** What this host has and lacks for machines by QEMU, and whether KVM runs a guest. Never throws. */
export async function probeQemu(options: ProbeQemuOptions): Promise<Probe> {
  const { path, store, builder, root = '/', signal } = options;
  const [qemu, program, virtiofsd, ...programs] = await Promise.all([
    probeVersion(
      {
        name: QEMU,
        packages: ['qemu-system-x86'],
        least: QEMU_LEAST,
        tooOld: `cspace needs QEMU ${QEMU_LEAST.join('.')} or later`,
        upgrade: 'upgrade to Debian 12, Ubuntu 24.04 or later',
        path,
      },
      signal,
    ),
    findProgram(QEMU, path),
    probeVirtiofsd(path, root),
    ...PROGRAMS.map((program) => probeProgram(program, path)),
  ]);
  const notes = [
    probeCgroups(),
    await probeOpenFiles(root),
    ...getTemplatesFindings(await listTemplates(store)),
  ];
  const found = program && qemu.version ? { path: program, version: qemu.version } : undefined;
  const kvm = await probeKvm({ ...options, qemu: found });
  const own = [...getArchitecture(process.arch), qemu.finding, virtiofsd, ...programs];
  const required = own.every(({ ok }) => ok) && builder.usable;
  const said = new Set(own.map(({ what }) => what));
  return {
    usable: required,
    version: qemu.version,
    native: kvm.works,
    findings: [
      getKvmFinding(kvm),
      ...notes,
      ...[...own, ...builder.findings.filter(({ what }) => !said.has(what))].map(withFix),
    ],
  };
}

/** Setting up another substrate would not install it. */
const withFix = (finding: ProbeFinding): ProbeFinding =>
  finding.packages ? { ...finding, fix: 'cspace setup --substrate qemu' } : finding;

function getArchitecture(arch: string): ProbeFinding[] {
  if (arch === 'x64') return [];
  return [{ ok: false, what: 'microVMs of qemu need a host with an x86-64 CPU', why: `this one is ${arch}` }];
}

async function probeVirtiofsd(path: string, root: string): Promise<ProbeFinding> {
  const found = await findProgram(
    'virtiofsd',
    [...VIRTIOFSD_FOLDERS.map((folder) => join(root, folder)), path].join(':'),
  );
  if (found !== undefined) return { ok: true, what: 'virtiofsd' };
  const osRelease = await readFile(join(root, 'etc/os-release'), 'utf8').catch(() => '');
  return getMissing({
    name: 'virtiofsd',
    packages: [getVirtiofsdPackage(osRelease)],
    forWhat:
      'to share folders with machines (Debian 12 has it in qemu-system-common, Debian 13 as virtiofsd)',
  });
}

/** Emulation works: a note, and no failure. */
export function getKvmFinding(kvm: KvmAnswer): ProbeFinding {
  if (kvm.works === 'yes') return { ok: true, what: 'KVM: a guest ran' };
  const { works, ...reason } = kvm;
  const what =
    works === 'no' ? 'no KVM: machines of qemu are emulated, which is slow' : 'KVM was not tried yet';
  return { ok: false, optional: true, what, ...reason };
}

/** None where none can be seen: they are root's alone, and none is ever needed. Pure. */
export function getTemplatesFindings(kept: readonly Pick<Kept, 'bytes'>[]): ProbeFinding[] {
  if (kept.length === 0) return [];
  const mib = Math.round(kept.reduce((sum, { bytes }) => sum + bytes, 0) / MIB);
  return [{ ok: true, what: `memory templates for quicker starts: ${kept.length} (${mib} MiB)` }];
}
