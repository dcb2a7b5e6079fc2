import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import type { OnExit } from '../program.ts';
import { addCommand } from './declare.ts';

/** The commands about names of sandboxes in the host's own programs. */
export function declareDns(program: Command, context: CliContext, onExit: OnExit): void {
  const dns = program
    .command('dns')
    .helpCommand(false)
    .summary("resolve sandboxes' names in this host's own programs")
    .description(
      "Names such as mercury.shop.cspace2.local in this host's own programs: its browsers, curl and all others.",
    );
  // Behind sudo the environment is gone, and with it CSPACE_HOME.
  const home = () => new Option('--home <folder>').hideHelp();
  addCommand(dns, 'install', {
    summary: 'make this host resolve the names of sandboxes',
    description:
      'Make this host resolve the names of sandboxes, through sudo where needed. Shows what it changes and asks first. Which way depends on how this host resolves names: routing domains of systemd-resolved, a file for its dnsmasq, or a block in /etc/hosts (no wildcards); on macOS files in /etc/resolver. Exit code 5 where another home has it.',
    examples: ['cspace dns install', 'cspace dns install --yes', 'cspace dns install --form hosts'],
  })
    .option('-y, --yes', 'do not ask')
    .addOption(
      new Option('--form <form>', 'the way, instead of what was found').choices([
        'resolved',
        'dnsmasq',
        'hosts',
        'macos',
      ]),
    )
    .addOption(home())
    .action(async (options) => {
      onExit(await (await import('../commands/dns-install.ts')).runDnsInstall(context, options));
    });
  addCommand(dns, 'uninstall', {
    summary: 'undo that, leaving the host as it was',
    description:
      'Undo `cspace dns install`, leaving the host as it was. What others changed meanwhile stays. Exit code 0 where it was not installed.',
    examples: ['cspace dns uninstall'],
  })
    .addOption(home())
    .action(async (options) => {
      onExit(await (await import('../commands/dns-uninstall.ts')).runDnsUninstall(context, options));
    });
  addCommand(dns, 'status', {
    summary: 'say whether names resolve in this host, and why not',
    examples: ['cspace dns status', 'cspace dns status --json | jq .works'],
  }).action(async (options) => {
    onExit(await (await import('../commands/dns-status.ts')).runDnsStatus(context, options));
  });
  dns.addHelpText('after', '\nExamples:\n  cspace dns install');
}
