/**
 * `npm run check:arm64`: every pin of the image for arm64 is fetched, checked against its hash and unpacked, and the head of
 * each of its programs read; Debian's packages are resolved for arm64, and those that these programs need unpacked. Where
 * qemu-user is installed the programs are run. Needs the npm registry; Debian's part needs apt.
 */
import { mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApt } from './debian.ts';
import { isElf } from './elf.ts';
import { judgeProgram } from './judge.ts';
import { unpackPackage } from './package.ts';
import { type ImagePins, readImagePins } from './pins.ts';

const RUN_TIMEOUT_MS = 120_000;
/** What the pinned programs are linked to, and what begins and carries each sandbox. */
const UNPACKED = [
  'libc6',
  'libgcc-s1',
  'libstdc++6',
  'libatomic1',
  'tini',
  'nftables',
  'dnsmasq-base',
  'ripgrep',
];
/** Where the programs are in their packages. */
const PROGRAMS: Record<string, string> = {
  node: 'bin/node',
  bun: 'bin/bun',
  'pnpm-exe': 'pnpm',
  claude: 'claude',
};

async function listElf(folder: string): Promise<{ path: string; bytes: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = await Promise.all(files.map(async (path) => ({ path, bytes: await readFile(path) })));
  return read.filter(({ bytes }) => isElf(bytes));
}

/** Faults, a line each. Packages for every host may carry programs of others. */
async function checkPins(pins: ImagePins, programs: Map<string, string>): Promise<string[]> {
  const faults: string[] = [];
  for (const { key, own, package: found } of pins.packages) {
    const folder = await unpackPackage(found);
    const elves = own ? await listElf(folder) : [];
    for (const { path, bytes } of elves) {
      const judged = judgeProgram(bytes, 'linux-arm64');
      console.log(`${key} ${found.version} ${path.slice(folder.length + 1)}: ${judged.facts}`);
      faults.push(...judged.faults.map((fault) => `${key}: ${fault}`));
    }
    const program = PROGRAMS[key];
    if (program !== undefined) programs.set(key, join(folder, program));
    if (own && elves.length === 0) faults.push(`${key} has no program for arm64`);
    if (!own) console.log(`${key} ${found.version}: for every host`);
  }
  return faults;
}

async function checkDebian({ suite, debian }: ImagePins, work: string): Promise<string[]> {
  const apt = await openApt(join(work, 'apt'), suite, 'arm64');
  const all = await apt.resolve(debian);
  console.log(
    `Debian ${suite}: ${debian.length} packages are there for arm64, with all they need ${all.length}`,
  );
  const root = join(work, 'root');
  await apt.unpack(UNPACKED, root);
  const elves = await listElf(root);
  const wrong = elves.filter(({ bytes }) =>
    judgeProgram(bytes, 'linux-arm64').faults.some((fault) => fault.startsWith('it is for')),
  );
  console.log(
    `Debian ${suite}: ${elves.length} programs and libraries of ${UNPACKED.length} packages are for arm64`,
  );
  // base-files brings it; the programs look for their loader there.
  await symlink('usr/lib', join(root, 'lib'));
  return wrong.map(({ path }) => `${path.slice(root.length)} is not for arm64`);
}

/** Only as a sign of life: a program that an emulator cannot run may be right all the same. */
function runPrograms(programs: Map<string, string>, root: string): void {
  const qemu = Bun.which('qemu-aarch64-static') ?? Bun.which('qemu-aarch64');
  if (qemu === null) console.log('not run: qemu-user is not installed');
  for (const [key, path] of qemu === null ? [] : programs) {
    const child = Bun.spawnSync([qemu ?? '', '-L', root, path, '--version'], {
      env: { HOME: root, PATH: '/usr/bin:/bin' },
      timeout: RUN_TIMEOUT_MS,
    });
    const said = child.stdout.toString().trim().split('\n')[0];
    const end = child.signalCode ?? child.exitCode;
    console.log(`${key} --version, emulated: ${child.exitCode === 0 ? said : `no answer (${end})`}`);
  }
}

const work = await realpath(await mkdtemp(join(tmpdir(), 'cspace-arm64-')));
try {
  const pins = await readImagePins('arm64');
  const programs = new Map<string, string>();
  const faults = await checkPins(pins, programs);
  if (Bun.which('apt-get') === null) console.log('Debian: not looked at, this host has no apt');
  else {
    faults.push(...(await checkDebian(pins, work)));
    runPrograms(programs, join(work, 'root'));
  }
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? 'arm64: ok' : `arm64: ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
