import { getMachineName } from '@cspace/protocol/names';
import { SUPERVISOR_ENV } from '@cspace/protocol/supervisor-api';
import { getDomainName, ZONES } from '@cspace/protocol/zones';
import type { SandboxRecord } from '../registry/record.ts';
import { getResolvConf, getUpstreamConf, type HostResolver, readHostResolver } from './guest-dns.ts';
import type { House } from './house.ts';
import type { RunFiles } from './machine-files.ts';
import { type Credentials, renderEnvFile, renderSecrets } from './provision/credentials.ts';
import type { NewTokens } from './tokens.ts';

export interface RunFilesOptions {
  house: House;
  record: SandboxRecord;
  credentials: Credentials;
  tokens: NewTokens;
  /** Of the sandbox; by default that of all. */
  network?: { gateway: string; subnet: string };
  /** The host's resolver configuration (resolv.conf(5)). */
  hostResolvConf?: string;
}

/** What stands in /run/cspace of one machine. */
export async function getRunFiles(options: RunFilesOptions): Promise<RunFiles> {
  const { house, record, credentials, tokens, network = house.network } = options;
  const model = record.model ?? credentials.model;
  const daemonUrl = `http://${network.gateway}:${house.ports.http}`;
  const resolver = await getResolver(options);
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
    'resolv.conf': getResolvConf(record.project, resolver),
    'upstream.conf': getUpstreamConf(resolver),
    // Nothing for ::1: `localhost` must be where the forwarding looks for servers.
    hosts: `127.0.0.1 localhost\n${record.address} ${getDomainName(record)} ${record.sandbox} ${getMachineName(record)}\n`,
    'sandbox.json': `${JSON.stringify(getDescription(options, resolver))}\n`,
  };
}

/** What the guest is told of itself, for its own scripts and for `cspace` inside. */
function getDescription(options: RunFilesOptions, { upstream }: HostResolver) {
  const { house, record } = options;
  const { gateway, subnet } = options.network ?? house.network;
  return {
    v: 1,
    project: record.project,
    sandbox: record.sandbox,
    address: record.address,
    gateway,
    subnet,
    network: record.network,
    daemon: `http://${gateway}:${house.ports.http}`,
    zones: ZONES,
    dns: { port: house.ports.dns, upstream },
  };
}

/** A sandbox without a network asks nobody outside, not even by way of the daemon. */
async function getResolver({ record, hostResolvConf }: RunFilesOptions): Promise<HostResolver> {
  const resolver = await readHostResolver(hostResolvConf);
  return record.network === 'none' ? { ...resolver, upstream: [] } : resolver;
}
