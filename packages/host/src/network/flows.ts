import { getLinkGroup } from './addresses.ts';
import type { RulesConfig } from './rules.ts';

/** Open flows that one sandbox may have begun; more would fill the table that the whole host shares. */
const MAX_FLOWS = 4096;

const getTable = (bridge: string) => `inet ${bridge}-flows`;

/**
 * The bound of open flows, in a table of its own that is not replaced as the other one is: flows outlive the rules, so their
 * count must too. It does not depend on who the members are. Counted by zone as well, so that whoever gets an address next
 * begins at nothing. After the other table, and the host's own: what is refused there is no flow.
 */
export function getFlowRules({ bridge, subnet }: RulesConfig): string {
  const group = getLinkGroup(subnet);
  const table = getTable(bridge);
  const getChain = (hook: string) => [
    `  chain ${hook} {`,
    `    type filter hook ${hook} priority filter + 1; policy accept;`,
    `    iifgroup ${group} ct state new goto few`,
    '  }',
  ];
  return [
    `table ${table} {}`,
    // The rules alone; what the set has gathered stays.
    `flush table ${table}`,
    `table ${table} {`,
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
    '  chain refuse {',
    '    meta l4proto tcp reject with tcp reset',
    '    reject',
    '  }',
    '}',
    '',
  ].join('\n');
}

/** With the counts. */
export function getFlowRulesRemoval({ bridge }: Pick<RulesConfig, 'bridge'>): string {
  return `table ${getTable(bridge)} {}\ndelete table ${getTable(bridge)}\n`;
}
