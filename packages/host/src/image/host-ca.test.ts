import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeStandIns } from '../../test/support/mac/stand-ins.ts';
import { readHostCertificates, readMacCertificates } from './host-ca.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-ca-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('readHostCertificates: every .crt below the folder, named by content', async () => {
  mkdirSync(join(folder, 'company'));
  writeFileSync(join(folder, 'a proxy.crt'), 'one');
  writeFileSync(join(folder, 'company', 'root.crt'), 'two');
  writeFileSync(join(folder, 'README'), 'three');
  const files = await readHostCertificates([folder]);
  expect([...files.values()].map((bytes) => new TextDecoder().decode(bytes)).sort()).toEqual(['one', 'two']);
  for (const path of files.keys()) expect(path).toMatch(/^ca\/host-[0-9a-f]{12}\.crt$/);
});

test('readHostCertificates: nothing where there is no such folder', async () => {
  expect(await readHostCertificates([join(folder, 'none')])).toEqual(new Map());
});

/** A certificate that signs itself; `ca` as a certificate says it. */
function makeCertificate(name: string, ca: 'TRUE' | 'FALSE'): string {
  const made = Bun.spawnSync(
    [
      ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', '/dev/null', '-subj', `/CN=${name}`, '-days', '2'],
      ...['-addext', `basicConstraints=critical,CA:${ca}`],
    ],
    { timeout: 20_000 },
  );
  return made.stdout.toString();
}

test('readMacCertificates: the authorities of the system keychain, and no certificate of the host itself', async () => {
  const proxy = makeCertificate('Company Proxy', 'TRUE');
  writeFileSync(join(folder, 'all.pem'), `${proxy}${makeCertificate('this Mac', 'FALSE')}`);
  const mac = writeStandIns(folder, {
    security: `[ "$*" = 'find-certificate -a -p /Library/Keychains/System.keychain' ] && cat ${folder}/all.pem`,
  });
  const files = await readMacCertificates(mac.path);
  expect([...files.values()].map((bytes) => new TextDecoder().decode(bytes))).toEqual([proxy]);
  for (const path of files.keys()) expect(path).toMatch(/^ca\/host-[0-9a-f]{12}\.crt$/);
});

test('readMacCertificates: none where the keychain tells none', async () => {
  const mac = writeStandIns(folder, { security: 'exit 44' });
  expect(await readMacCertificates(mac.path)).toEqual(new Map());
});
