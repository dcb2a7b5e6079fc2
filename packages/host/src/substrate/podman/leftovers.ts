import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const CGROUPS = 'sys/fs/cgroup';
/** Where podman puts control groups with its cgroupfs manager; systemd clears up after itself. */
const PARENT = 'libpod_parent';
/** crun's own state, one folder a container (crun(1), `--root`). */
const CRUN_STATE = 'run/crun';
/** conmon notes the exit code here, one file a container; where it is later than `podman rm` nobody takes that away. */
const EXIT_FILES = 'run/libpod/exits';

/**
 * Removes what the runtime keeps of a machine that is gone: where conmon was killed nobody tells it to. `root` stands
 * for `/`.
 */
export async function removeRuntimeLeftovers(id: string, root = '/'): Promise<void> {
  const cgroups = join(root, CGROUPS);
  // Each hierarchy of cgroup v1 has its own.
  const hierarchies = await readdir(cgroups).catch(() => []);
  const parents = [cgroups, ...hierarchies.map((name) => join(cgroups, name))];
  await Promise.all(parents.map((folder) => removeGroups(join(folder, PARENT, `libpod-${id}`))));
  await rm(join(root, CRUN_STATE, id), { recursive: true, force: true });
  await rm(join(root, EXIT_FILES, id), { force: true });
}

/** Folders only, the innermost first: what is in them is the kernel's. */
async function removeGroups(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeGroups(join(folder, entry.name));
  await rmdir(folder).catch(() => undefined);
}
