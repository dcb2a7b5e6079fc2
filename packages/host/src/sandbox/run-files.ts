import { getMachineName } from '@cspace/protocol/names';
import { SUPERVISOR_ENV } from '@cspace/protocol/supervisor-api';
import type { SandboxRecord } from '../registry/record.ts';
import { readRegularFile } from '../system/files.ts';
import type { House } from './house.ts';
import type { RunFiles } from './machine-files.ts';
import { type Credentials, renderEnvFile, renderSecrets } from './provision/credentials.ts';
import type { NewTokens } from './tokens.ts';

export interface RunFilesOptions {
  house: House;
  record: SandboxRecord;
  credentials: Credentials;
  tokens: NewTokens;
  /** The host's resolver configuration (resolv.conf(5)). */
  hostResolvConf?: string;
}

/** What stands in /run/cspace of one machine. */
export async function getRunFiles(options: RunFilesOptions): Promise<RunFiles> {
  const { house, record, credentials, tokens } = options;
  const model = record.model ?? credentials.model;
  const daemonUrl = `http://${house.network.gateway}:${house.httpPort}`;
  const practice = {
    ANTHROPIC_BASE_URL: `${daemonUrl}/model`,
    ANTHROPIC_API_KEY: tokens.model,
  };
  return {
    'secrets.env': renderSecrets(credentials) + (credentials.practice ? renderEnvFile(practice) : ''),
    'supervisor.env': renderEnvFile({
      [SUPERVISOR_ENV.token]: tokens.supervisor,
      ...(model ? { [SUPERVISOR_ENV.model]: model } : {}),
      ...(credentials.practice ? { [SUPERVISOR_ENV.practice]: '1' } : {}),
    }),
    'api.token': `${tokens.api}\n`,
    'resolv.conf': getResolvConf(
      await readRegularFile(options.hostResolvConf ?? '/etc/resolv.conf').catch(() => ''),
    ),
    hosts: `127.0.0.1 localhost\n${record.address} ${record.sandbox} ${getMachineName(record)}\n`,
    'sandbox.json': `${JSON.stringify({ v: 1, project: record.project, sandbox: record.sandbox, address: record.address, daemon: daemonUrl })}\n`,
  };
}

/**
 * The host's name servers for the guest. Those on loopback (127.0.0.53 of systemd-resolved) are the host's own and
 * answer nobody else: they are left out.
 */
export function getResolvConf(host: string | undefined): string {
  const lines = (host ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^(nameserver|search|options)\s/.test(line))
    .filter((line) => !/^nameserver\s+(127\.|::1)/.test(line));
  return `${lines.join('\n')}\n`;
}
