import type { Call } from './probe.ts';
import type { ServerSpec } from './servers.ts';

/** What is the same in every place that forwarding is tried: the servers, and what each client must see of them. */
export interface Place {
  /** The sandbox's own address. */
  address: string;
  mode: 'direct' | 'relay';
  /** Where a TLS server is, where there is one. */
  tlsPort?: number;
}

export interface Client {
  /** How it calls the sandbox: address or name. */
  host: string;
  /** Its own address, as a server sees it. */
  peer: string;
  /** It is the sandbox itself: no relay is between. */
  itself: boolean;
}

const KINDS = ['tcp', 'udp', 'websocket'] as const;
/** The ports of the servers that take orders, and that nobody listens on. */
export const CONTROL_PORT = 3900;
export const NOBODY_PORT = 3999;
/** Kept from forwarding: ssh, the guest's dnsmasq, the supervisor. */
export const KEPT_PORTS = [22, 53, 6201];

function getBinds(address: string) {
  return ['127.0.0.1', 'localhost', '0.0.0.0', '::', address].map((bind, index) => ({
    bind,
    port: 3001 + index,
    webPort: 3101 + index,
    onLoopback: bind === '127.0.0.1' || bind === 'localhost',
  }));
}

export function getServers({ address }: Place): ServerSpec[] {
  const servers = getBinds(address).flatMap(({ bind, port, webPort }) => [
    { kind: 'tcp' as const, bind, port },
    { kind: 'udp' as const, bind, port },
    { kind: 'websocket' as const, bind, port: webPort },
  ]);
  return [...servers, { kind: 'control', bind: '0.0.0.0', port: CONTROL_PORT }];
}

/** A name, and the answer that must come. */
type Case = [name: string, call: Call, answer: string];

/** Every bind by every protocol, and their twists. */
export function getCases(place: Place, { host, peer, itself }: Client): Case[] {
  const cases = getBinds(place.address).flatMap(({ bind, port, webPort, onLoopback }) => {
    const seen = onLoopback && !itself && place.mode === 'relay' ? '127.0.0.1' : peer;
    return KINDS.map(
      (kind): Case =>
        kind === 'websocket'
          ? [`${kind} ${bind}`, { kind, host, port: webPort }, `${bind} one, ${bind} two`]
          : [`${kind} ${bind}`, { kind, host, port }, `${bind} ${seen} 5`],
    );
  });
  const seen = !itself && place.mode === 'relay' ? '127.0.0.1' : peer;
  const loopback = { host, port: 3001 };
  const nobody = { host, port: NOBODY_PORT };
  return [
    ...cases,
    ['tcp, much', { kind: 'tcp', ...loopback, bytes: 100_000 }, `127.0.0.1 ${seen} 100000`],
    ['udp in fragments', { kind: 'udp', ...loopback, bytes: 9000 }, `127.0.0.1 ${seen} 9000`],
    [
      'udp from a socket without a peer',
      { kind: 'udp', ...loopback, unconnected: true },
      `127.0.0.1 ${seen} 5 by ${place.address}`,
    ],
    ...(place.tlsPort === undefined
      ? []
      : [['tls', { kind: 'tls', host, port: place.tlsPort }, `127.0.0.1 ${seen} 5`] satisfies Case]),
    ['tcp to nobody', { kind: 'tcp', ...nobody }, 'ECONNREFUSED'],
    ['udp to nobody', { kind: 'udp', ...nobody }, 'ECONNREFUSED'],
  ];
}
