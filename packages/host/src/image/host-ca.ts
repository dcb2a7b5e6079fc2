import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Debian keeps the certificate authorities that an administrator added (update-ca-certificates(8)). */
export const HOST_CA_FOLDERS = ['/usr/local/share/ca-certificates'] as const;

const MAX_BYTES = 1024 * 1024;

/**
 * The host's own certificate authorities as files of the context, so that what the host trusts is trusted inside: a
 * company's proxy, most often. Named by content, one file each. Empty where the host has none.
 */
export async function readHostCertificates(
  folders: readonly string[] = HOST_CA_FOLDERS,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const folder of folders) {
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.crt'))) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile() || found.size > MAX_BYTES) continue;
      const bytes = new Uint8Array(await readFile(path));
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
      files.set(`ca/host-${hash}.crt`, bytes);
    }
  }
  return files;
}
