import type { SandboxRef } from '@cspace/protocol/names';
import { ZONES } from '@cspace/protocol/zones';
import { quoteWord } from '../../system/quote.ts';

export interface SshConfigOptions {
  /** The argv of cspace, its own arguments to follow. */
  self: readonly string[];
  /** CSPACE_HOME. */
  home: string;
  /** The private key's path. */
  key: string;
}

/**
 * What ssh_config(5) wants for every sandbox of this home, the future ones too. The way to a sandbox is `exec`, which asks
 * the daemon and no network: whose sandbox it is needs no proof by a host key, which would be new with each machine.
 * Pure.
 */
export function getSshConfig({ self, home, key }: SshConfigOptions): string {
  const argv = ['env', `CSPACE_HOME=${home}`, ...self, 'ssh-proxy'];
  // A percent sign is ssh's own, and what it runs is a shell's line.
  const command = argv.map((word) => quoteWord(word).replaceAll('%', '%%')).join(' ');
  const lines = [
    'User dev',
    `ProxyCommand ${command} %h`,
    `IdentityFile ${quoteValue(key)}`,
    'IdentitiesOnly yes',
    'ForwardAgent no',
    'StrictHostKeyChecking no',
    'UserKnownHostsFile /dev/null',
    'GlobalKnownHostsFile /dev/null',
    'LogLevel ERROR',
  ];
  const hosts = ZONES.map((zone) => `*.${zone}`).join(' ');
  return [`Host ${hosts}`, ...lines.map((line) => `  ${line}`), ''].join('\n');
}

/** Paths may hold blanks; what is between quotes knows no escapes but the percent sign's. */
const quoteValue = (value: string): string => `"${value.replaceAll('%', '%%')}"`;

/** The sandbox that a host of that configuration is; undefined where it is none's name. Pure. */
export function parseSshHost(host: string): SandboxRef | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  const zone = ZONES.find((each) => name.endsWith(`.${each}`));
  if (zone === undefined) return undefined;
  const [project, sandbox] = name
    .slice(0, -zone.length - 1)
    .split('.')
    .reverse();
  return project && sandbox ? { project, sandbox } : undefined;
}
