export interface RulesConfig {
  bridge: string;
  subnet: string;
}

/**
 * Our one table, named after the bridge. nft applies a file as one transaction: declared, deleted and declared again,
 * it is replaced whole, whatever was in it, without a moment in which it is missing.
 */
export function getRules({ bridge, subnet }: RulesConfig): string {
  return [
    `table inet ${bridge} {}`,
    `delete table inet ${bridge}`,
    `table inet ${bridge} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${subnet} oifname != "${bridge}" masquerade`,
    '  }',
    // Between sandboxes and to the host: the isolation rules' place.
    '}',
    '',
  ].join('\n');
}

export function getRulesRemoval({ bridge }: Pick<RulesConfig, 'bridge'>): string {
  return `table inet ${bridge} {}\ndelete table inet ${bridge}\n`;
}
