/**
 * Whether sandboxes reach a name server of the host's resolv.conf(5) themselves: those on loopback (127.0.0.53 of
 * systemd-resolved, and 0.0.0.0, which means the same) are the host's own and answer nobody else, and IPv6 is off in a
 * sandbox. For the others the daemon asks.
 */
export function isReachedBySandboxes(server: string): boolean {
  return /^\d+(\.\d+){3}$/.test(server) && !/^(127|0)\./.test(server);
}
