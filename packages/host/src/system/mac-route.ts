import type { Obstacle } from './mac-host.ts';

/** What connecting to a machine ends with where the kernel will not carry it (connect(2), and what Bun makes of it). */
const NO_ROUTE = /EHOSTUNREACH|ENETUNREACH|EPERM|No route to host/i;
/** Tunnels of VPNs. */
const TUNNEL = /^(?:utun|ppp|ipsec|tun|tap)\d*$/;

export const isNoRoute = (error: string): boolean => NO_ROUTE.test(error);

/** `route -n get ADDRESS` of macOS: the interface that packets leave by; undefined where it says none. */
export const parseRoute = (text: string): string | undefined => /^\s*interface:\s*(\S+)/m.exec(text)?.[1];

/**
 * Why a Mac does not carry packets to a machine that runs, by the interface they would leave by. Local Network privacy
 * answers "No route to host" though the route is there; whose permission counts is the terminal's. Pure.
 */
export function explainNoRoute(address: string, via: string | undefined): Obstacle {
  const what = `sandboxes run, but cspace does not reach them: no route to ${address}`;
  if (via !== undefined && TUNNEL.test(via)) {
    return {
      what,
      why: `packets to it leave by ${via}, which is a VPN's: it takes the addresses of local networks too`,
      fix: 'let the VPN leave local networks alone (split tunnel, "allow local network access"), or turn it off',
    };
  }
  return {
    what,
    why: `${PRIVACY}; VPNs and firewalls that filter say the same`,
    fix: 'allow it for the terminal, then: cspace daemon stop',
  };
}

const PRIVACY =
  'macOS keeps programs out of the local network until it is allowed: System Settings, Privacy & Security, Local Network';

/** For a machine that is gone again by the time somebody could look. Empty where it is another failure, or another host. */
export function hintNoRoute(error: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'darwin' && isNoRoute(error) ? `\n${PRIVACY}; a VPN may be in the way too` : '';
}
