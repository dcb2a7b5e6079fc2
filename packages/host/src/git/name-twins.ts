/**
 * The names among `paths` (files, as git lists them) that a file system takes for one which does not tell cases, or ways to
 * write one letter in Unicode, apart (APFS by default). Folders that differ so are no trouble, they become one; a file and a
 * folder are. Pure.
 */
export function findNameTwins(paths: readonly string[]): [string, string][] {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const twins: [string, string][] = [];
  for (const path of paths) {
    const name = fold(path);
    const before = files.get(name);
    if (before === undefined) files.set(name, path);
    else twins.push([before, path]);
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const folder = name.slice(0, end);
      if (folders.has(folder)) break;
      folders.set(folder, path);
    }
  }
  for (const [name, path] of files) {
    const inside = folders.get(name);
    if (inside !== undefined) twins.push([path, inside]);
  }
  return twins;
}

/** In the way of HFS+ and APFS: one form, and small letters. */
const fold = (path: string) => path.normalize('NFD').toLowerCase();
