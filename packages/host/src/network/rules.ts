import { createHash } from 'node:crypto';
import { getCableName, getGateway, getLinkGroup } from './addresses.ts';

export interface RulesConfig {
  bridge: string;
  subnet: string;
  ports: { dns: number; http: number };
}

/** A sandbox that has an address now. */
export interface Member {
  address: string;
  project: string;
  sandbox: string;
  /** `none`: nothing but the daemon. */
  network: 'nat' | 'none';
}

/** The supervisor's port, and SSH: between the host and a sandbox only. */
const CONTROL_PORTS = '{ 22, 6201 }';
/** Protocols whose packets begin with two port numbers. */
const WITH_PORTS = '{ tcp, udp, udplite, sctp, dccp }';
/** Open flows that one sandbox may have begun; more would fill the table that the whole host shares. */
const MAX_FLOWS = 4096;

/**
 * Our one table, named after the bridge. nft applies a file as one transaction: declared, deleted and declared again,
 * it is replaced whole, whatever was in it, without a moment in which it is missing. With `keepsFlows` all is replaced but
 * the count of open flows, which outlive the rules: else each change would let a sandbox begin as many again. nft refuses
 * that where the table was made into something else by hand.
 */
export function getRules(
  config: RulesConfig,
  members: readonly Member[],
  { keepsFlows = false }: { keepsFlows?: boolean } = {},
): string {
  const { bridge } = config;
  const table = `inet ${bridge}`;
  return [
    ...(keepsFlows
      ? [
          `table ${table} {`,
          ...getSets([]),
          '}',
          // Its rules; chains of projects that are gone stay, and are empty.
          `flush table ${table}`,
          ...SETS.map((name) => `flush ${name === 'zones' ? 'map' : 'set'} ${table} ${name}`),
        ]
      : [`table ${table} {}`, `delete table ${table}`]),
    `table ${table} {`,
    ...getSets(members),
    ...getFlows(config),
    ...getOrigin(config),
    ...getToHost(config),
    ...getForward(config, members),
    ...getOut(config),
    '}',
    '',
  ].join('\n');
}

export function getRulesRemoval({ bridge }: Pick<RulesConfig, 'bridge'>): string {
  return `table inet ${bridge} {}\ndelete table inet ${bridge}\n`;
}

/**
 * Connections of a sandbox are tracked in a zone of its own, so that whoever gets the address next does not inherit them:
 * the far side of one could go on sending for days. It follows from the name, so it outlives the daemon.
 */
export function getZone({ project, sandbox }: Pick<Member, 'project' | 'sandbox'>): number {
  const number = createHash('sha256').update(`${project}/${sandbox}`).digest().readUInt16BE();
  return number === 0 ? 1 : number;
}

/** What the members are in, and nothing else. */
const SETS = ['cables', 'zones', 'open', 'closed'] as const;

function getSets(members: readonly Member[]): string[] {
  const open = members.filter(({ network }) => network === 'nat');
  const list = (elements: string[]) =>
    elements.length === 0 ? [] : [`    elements = { ${elements.join(', ')} }`];
  return [
    '  set cables {',
    '    typeof iifname . ip saddr',
    ...list(members.map(({ address }) => `"${getCableName(address)}" . ${address}`)),
    '  }',
    '  map zones {',
    '    typeof ip saddr : ct zone',
    ...list(members.map((member) => `${member.address} : ${getZone(member)}`)),
    '  }',
    // Who may get out, and the zone in which the answers are tracked.
    '  set open {',
    '    typeof ip daddr . ct zone',
    ...list(open.map((member) => `${member.address} . ${getZone(member)}`)),
    '  }',
    '  set closed {',
    '    typeof ip saddr',
    ...list(members.filter(({ network }) => network === 'none').map(({ address }) => address)),
    '  }',
  ];
}

/**
 * After all other rules, ours and the host's own: what is refused there is no flow. Counted by zone as well, so that whoever
 * gets an address next begins at nothing.
 */
function getFlows({ subnet }: RulesConfig): string[] {
  const getChain = (hook: string) => [
    `  chain flows_${hook} {`,
    `    type filter hook ${hook} priority filter + 1; policy accept;`,
    `    iifgroup ${getLinkGroup(subnet)} ct state new goto few`,
    '  }',
  ];
  return [
    '  set flows {',
    '    typeof ip saddr . ct zone',
    '    size 65536',
    '    flags dynamic',
    '  }',
    ...getChain('input'),
    ...getChain('forward'),
    '  chain few {',
    `    add @flows { ip saddr . ct original zone ct count over ${MAX_FLOWS} } goto refuse`,
    '  }',
  ];
}

/** Before anything else: nothing comes from a sandbox but IPv4, over its own cable, from its own address. */
function getOrigin({ subnet, ports }: RulesConfig): string[] {
  const group = getLinkGroup(subnet);
  const gateway = getGateway(subnet);
  return [
    '  chain origin {',
    '    type filter hook prerouting priority raw; policy accept;',
    `    iifgroup ${group} goto cable`,
    // Nobody else may speak in a sandbox's name; the host itself has the gateway's address.
    `    iifname != "lo" ip saddr ${subnet} drop`,
    '  }',
    '  chain cable {',
    '    iifname . ip saddr != @cables drop',
    '    meta nfproto != ipv4 drop',
    // Each question would be a flow for half a minute.
    `    ip daddr ${gateway} udp dport ${ports.dns} notrack accept`,
    '    ct original zone set ip saddr map @zones',
    '  }',
    '  chain answers {',
    '    type filter hook output priority raw; policy accept;',
    `    oifgroup ${group} ip saddr ${gateway} udp sport ${ports.dns} notrack`,
    '  }',
  ];
}

/**
 * From a sandbox to the host. Asked before the host's own rules may send it elsewhere (a port that an engine publishes, a
 * redirection), and again where it arrives.
 */
function getToHost({ subnet, ports }: RulesConfig): string[] {
  const group = getLinkGroup(subnet);
  const gateway = getGateway(subnet);
  return [
    '  chain before {',
    '    type filter hook prerouting priority mangle; policy accept;',
    `    iifgroup ${group} fib daddr type local goto to_host`,
    '  }',
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    `    iifgroup ${group} goto to_host`,
    // The gateway is for sandboxes and for the host; a neighbour of the host's would find it by a route.
    `    iifname != "lo" ip daddr ${gateway} drop`,
    '  }',
    '  chain to_host {',
    '    ct state established accept',
    `    ip daddr ${gateway} udp dport ${ports.dns} accept`,
    `    ip daddr ${gateway} tcp dport { ${ports.dns}, ${ports.http} } accept`,
    `    ip daddr ${gateway} icmp type echo-request accept`,
    // Refusals of what the host asked this very sandbox, not of what it asks others.
    '    ct state related icmp type destination-unreachable iifname . ct original ip daddr @cables accept',
    '    goto refuse',
    '  }',
    // By a reset: ICMP is rationed by the kernel, and a refusal that is not sent is a time-out.
    '  chain refuse {',
    '    meta l4proto tcp reject with tcp reset',
    '    reject',
    '  }',
  ];
}

function getForward({ subnet }: RulesConfig, members: readonly Member[]): string[] {
  const group = getLinkGroup(subnet);
  const projects = getProjects(members);
  return [
    '  chain forward {',
    '    type filter hook forward priority filter; policy accept;',
    `    iifgroup ${group} goto from_sandbox`,
    `    oifgroup ${group} goto into_sandbox`,
    `    ip daddr ${subnet} drop`,
    '  }',
    '  chain from_sandbox {',
    '    ip saddr @closed goto refuse',
    `    oifgroup ${group} goto sibling`,
    `    ip daddr ${subnet} goto refuse`,
    // The host's own services behind a translation of its (published ports) are the host's all the same.
    '    ct status dnat goto refuse',
    // The allowlist's place: what may get out, by member. Until then all of it.
    '    accept',
    '  }',
    '  chain sibling {',
    // Whatever its state: what answers from such a port would be a connection that should not be.
    `    meta l4proto ${WITH_PORTS} th dport ${CONTROL_PORTS} goto refuse`,
    ...(projects.length === 0
      ? []
      : [
          '    ip saddr vmap {',
          projects
            .flatMap((addresses, n) => addresses.map((address) => `      ${address} : goto project_${n}`))
            .join(',\n'),
          '    }',
        ]),
    '    goto refuse',
    '  }',
    // Jumped to by name, so nft wants them declared; the order in the file does not matter.
    ...projects.flatMap((addresses, n) => [
      `  chain project_${n} {`,
      `    ip daddr { ${addresses.join(', ')} } accept`,
      '    goto refuse',
      '  }',
    ]),
    // From the host's other interfaces: answers, to whoever asked. A refusal would tell strangers that somebody is there.
    '  chain into_sandbox {',
    `    meta l4proto ${WITH_PORTS} th dport ${CONTROL_PORTS} drop`,
    '    ct state established ip daddr . ct original zone @open accept',
    '    ct state related meta l4proto icmp ip daddr . ct original zone @open accept',
    '    drop',
    '  }',
  ];
}

/** What leaves does so under the host's own address. */
function getOut({ subnet }: RulesConfig): string[] {
  return [
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${subnet} oifgroup != ${getLinkGroup(subnet)} oifname != "lo" masquerade`,
    '  }',
  ];
}

/** Addresses that may speak with each other, by project; those without a sibling are left out. */
function getProjects(members: readonly Member[]): string[][] {
  const projects = new Map<string, string[]>();
  for (const { address, project, network } of members) {
    if (network === 'nat') projects.set(project, [...(projects.get(project) ?? []), address]);
  }
  return [...projects.values()].filter((addresses) => addresses.length > 1);
}
