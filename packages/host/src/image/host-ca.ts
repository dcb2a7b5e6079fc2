import { createHash, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BASE_ENV, run } from '../system/exec.ts';

/** Where Debian keeps the certificate authorities that an administrator added (update-ca-certificates(8)). */
export const HOST_CA_FOLDERS = ['/usr/local/share/ca-certificates'] as const;

const MAX_BYTES = 1024 * 1024;

/**
 * The host's own certificate authorities as files of the context, so that what the host trusts is trusted inside: a
 * company's proxy, most often. Named by content, one file each. Empty where the host has none.
 */
export async function readHostCertificates(
  folders: readonly string[] = HOST_CA_FOLDERS,
  platform: NodeJS.Platform = process.platform,
): Promise<Map<string, Uint8Array>> {
  if (platform === 'darwin') return readMacCertificates();
  const files = new Map<string, Uint8Array>();
  for (const folder of folders) {
    const names = await readdir(folder, { recursive: true }).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.crt'))) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile() || found.size > MAX_BYTES) continue;
      const bytes = new Uint8Array(await readFile(path));
      files.set(getFileName(bytes), bytes);
    }
  }
  return files;
}

function getFileName(bytes: Uint8Array): string {
  return `ca/host-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}.crt`;
}

/** Where macOS keeps what an administrator or a device management added; its own roots are elsewhere. */
const MAC_KEYCHAIN = '/Library/Keychains/System.keychain';
const MAC_TIMEOUT_MS = 20_000;

/** The authorities of that keychain; other certificates are there too, of the host itself. */
export async function readMacCertificates(path = BASE_ENV.PATH): Promise<Map<string, Uint8Array>> {
  const argv = ['security', 'find-certificate', '-a', '-p', MAC_KEYCHAIN];
  const { stdout } = await run(argv, { timeoutMs: MAC_TIMEOUT_MS, env: { PATH: path } });
  const found = stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const authorities = found.filter(isAuthority).map((text) => new TextEncoder().encode(`${text}\n`));
  return new Map(authorities.map((bytes) => [getFileName(bytes), bytes]));
}

function isAuthority(text: string): boolean {
  try {
    return new X509Certificate(text).ca;
  } catch {
    return false;
  }
}
