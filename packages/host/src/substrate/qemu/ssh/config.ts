import type { getSshPaths } from '../../../system/paths.ts';

/** What the guest is called in known_hosts, whatever its address is. */
export const HOST_ALIAS = 'sandbox';

/** A connection that nobody uses is kept for so long. */
const PERSIST_S = 600;

/**
 * The client's whole configuration (ssh_config(5)): nothing of the user's or the host's is read. The guest is a stranger, so
 * nothing of the host's is offered to it: no agent, no display, no other key, no forwarding, no local command.
 */
export function getSshConfig(paths: ReturnType<typeof getSshPaths>): string {
  const options = {
    User: 'root',
    IdentityFile: paths.key,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    AddKeysToAgent: 'no',
    PreferredAuthentications: 'publickey',
    BatchMode: 'yes',
    HostKeyAlias: HOST_ALIAS,
    HostKeyAlgorithms: 'ssh-ed25519',
    UserKnownHostsFile: paths.knownHosts,
    GlobalKnownHostsFile: 'none',
    StrictHostKeyChecking: 'yes',
    UpdateHostKeys: 'no',
    VerifyHostKeyDNS: 'no',
    CheckHostIP: 'no',
    CanonicalizeHostname: 'no',
    AddressFamily: 'inet',
    ForwardAgent: 'no',
    ForwardX11: 'no',
    ClearAllForwardings: 'yes',
    Tunnel: 'no',
    PermitLocalCommand: 'no',
    // Each byte is the command's: no sequence of keys is the client's.
    EscapeChar: 'none',
    // Chaff between keystrokes, against listeners on a link that has none. Unknown before OpenSSH 9.5.
    IgnoreUnknown: 'ObscureKeystrokeTiming',
    ObscureKeystrokeTiming: 'no',
    LogLevel: 'ERROR',
    ConnectTimeout: '10',
    // A guest that says nothing for a minute is gone; an emulated one on a busy host is slow.
    ServerAliveInterval: '15',
    ServerAliveCountMax: '4',
    ControlMaster: 'no',
    ControlPath: paths.socket,
    ControlPersist: String(PERSIST_S),
  };
  return `${Object.entries(options)
    .map(([name, value]) => `${name} ${value}`)
    .join('\n')}\n`;
}

/** ssh refuses to run as a user without an entry (getpwuid(3)). Shell and home are never used. */
export function getPasswd(uid: number): string {
  return `cspace-machine:x:${uid}:${uid}::/nonexistent:/usr/sbin/nologin\n`;
}
