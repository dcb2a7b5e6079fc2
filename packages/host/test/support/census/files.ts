import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CensusOptions } from '../census.ts';

/** Names that cspace, podman or its parts give to files, folders and mount points. */
const OURS = /cspace|libpod-[0-9a-f]{12}|buildah|mmdebstrap|netns-|claude/;

/** Folders in which podman and crun keep one entry a container, by its id of 64 digits. */
const ENGINE_FOLDERS = [
  '/run/crun',
  '/run/runc',
  '/run/libpod/exits',
  '/run/containers/storage/overlay-containers',
  '/var/lib/containers/storage/overlay-containers',
];

/** Of ours alone, so that every entry counts: homes' state, machines' state, what microVMs are started from. */
const OWN_FOLDERS = ['/run/cspace', '/var/lib/cspace', '/var/lib/cspace/vm'];

/** What daemons keep for machines to come, a folder each by its key: theirs to make and to take away at any time. */
const TEMPLATES = '/var/lib/cspace/vm/templates';
const KEPT = /\/(\.lock|[0-9a-f]{64})$/;

/** Entries of these count where their name is of ours. */
const SHARED_FOLDERS = ['/run', '/run/netns', '/run/lock', '/tmp', '/var/tmp', '/dev/shm'];

/** What a program leaves in the folder it was started in: conmon notes a kill for want of memory so, the kernel a crash. */
const STRAY = /\/(oom|core(\.\d+)?)$/;

/** Where control groups may be nested this deep below /sys/fs/cgroup: controller, slice, parent, container. */
const CGROUP_DEPTH = 5;

/** What is left under /run, /tmp, in control groups, the engine's state and the folders given. */
export async function listFiles(options: CensusOptions): Promise<string[]> {
  const found: string[] = [];
  for (const folder of options.folders) found.push(...(await list(folder)));
  for (const folder of SHARED_FOLDERS)
    found.push(...(await list(folder)).filter((path) => OURS.test(path.slice(folder.length))));
  for (const folder of OWN_FOLDERS) found.push(...(await list(folder)).filter((path) => path !== TEMPLATES));
  found.push(...(await list(TEMPLATES)).filter((path) => !KEPT.test(path)));
  for (const home of await list('/run/cspace')) found.push(...(await list(join(home, 'vm'))));
  for (const folder of ['/', process.cwd()])
    found.push(...(await list(folder)).filter((path) => STRAY.test(path)));
  for (const folder of ENGINE_FOLDERS)
    found.push(...(await list(folder)).filter((path) => /[0-9a-f]{64}/.test(path)));
  await walkCgroups('/sys/fs/cgroup', CGROUP_DEPTH, found);
  return [...new Set(found)].filter((path) => !isOfLivingRun(path));
}

/** The lab or the world of a test run that is still at work, with the pid of its maker in its name. */
const LIVING = /^(?:\/run\/netns\/cspace-lab-(\d+)|\/tmp\/cspace-test-[a-z0-9]+-(\d+)-[^/]+)(?: \(|$)/;

/** What the maker is still to take away, after this census; not what stands in it. */
export function isOfLivingRun(item: string): boolean {
  const [, lab, world] = LIVING.exec(item) ?? [];
  const pid = lab ?? world;
  return pid !== undefined && existsSync(`/proc/${pid}`);
}

async function list(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names.map((name) => join(folder, name));
}

async function walkCgroups(folder: string, depth: number, found: string[]): Promise<void> {
  if (depth === 0) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // gone while we walk
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (OURS.test(entry.name)) found.push(path);
    else await walkCgroups(path, depth - 1, found);
  }
}

/** Mount points of ours and of containers, as our mount namespace shows them. */
export async function listMounts(options: CensusOptions): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  return lines.map(parseMount).filter((mount) => isOurMount(mount, options.folders));
}

/** Mount point and type of one line of mountinfo (proc(5)). */
export function parseMount(line: string): string {
  const [left = '', right = ''] = line.split(' - ');
  const fields = left.split(' ');
  return `${fields[4]} (${right.split(' ')[0]} of ${fields[3]})`;
}

function isOurMount(mount: string, folders: readonly string[]): boolean {
  // Both stay for good once the first container, or the first `ip netns add`, has been there.
  if (isOfLivingRun(mount)) return false;
  if (/^\/var\/lib\/containers\/storage\/overlay \(|^\/run\/netns \(/.test(mount)) return false;
  if (/^\/run\/netns\/|\/containers\/storage\//.test(mount)) return true;
  return OURS.test(mount) || folders.some((folder) => mount.startsWith(`${folder}/`));
}

/** Loop devices with a file behind them. */
export async function listLoopDevices(): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/sys/block')) {
    if (!name.startsWith('loop')) continue;
    const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => undefined);
    if (file !== undefined) found.push(`/dev/${name} (${file.trim()})`);
  }
  return found;
}
