import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { OnExit } from '../program.ts';
import { declareCompletion } from './completion.ts';
import { addCommand, getSubstrateOption } from './declare.ts';
import { declareDns } from './dns.ts';
import { declareSecrets } from './secrets.ts';

/** The commands about this machine and cspace itself. */
export function declareHostCommands(program: Command, context: CliContext, onExit: OnExit): void {
  addCommand(program, 'doctor', {
    summary: 'say what this machine has and lacks',
    description:
      'Say what this machine has and lacks, with the command that mends it, first for what `cspace up` would use here. Exit code 3 where something required is missing. Where KVM looks usable, a guest of a few bytes is run for a moment to see whether it is.',
    examples: [
      'cspace doctor',
      'cspace doctor --substrate qemu',
      "cspace doctor --json | jq '.findings[] | select(.ok | not)'",
    ],
  })
    .addOption(getSubstrateOption())
    .action(async (options) => {
      onExit(await (await import('../commands/doctor.ts')).runDoctor(context, options));
    });
  addCommand(program, 'setup', {
    summary: 'install what this machine lacks',
    description:
      'Install what this machine lacks, through sudo where needed: what belongs to podman, and where KVM looks usable QEMU, too. On macOS it starts the service of Apple’s container. Shows the command and asks first.',
    examples: ['cspace setup', 'cspace setup --yes', 'cspace setup --substrate qemu'],
  })
    .addOption(getSubstrateOption())
    .option('-y, --yes', 'do not ask')
    .action(async (options) => {
      onExit(await (await import('../commands/setup.ts')).runSetup(context, options));
    });
  declareSecrets(program, context, onExit);
  declareDns(program, context, onExit);
  declareImage(program, context, onExit);
  declareDaemon(program, context, onExit);
  declareCompletion(program, context, onExit);
  addCommand(program, 'version', {
    summary: 'print the version',
    examples: ['cspace version'],
  }).action(async (options) => {
    onExit(await (await import('../commands/version.ts')).runVersion(context, options));
  });
}

function declareImage(program: Command, context: CliContext, onExit: OnExit): void {
  const image = program
    .command('image')
    .helpCommand(false)
    .summary('build the image of sandboxes')
    .description('The image that sandboxes run.');
  addCommand(image, 'build', {
    summary: 'build the image of sandboxes',
    description:
      'Build the image of sandboxes, and for microVMs what they start from: kernel, root file system, empty disk. Does nothing where this version of it is there already.',
    examples: ['cspace image build', 'cspace image build --substrate qemu', 'cspace image build --force'],
  })
    .addOption(getSubstrateOption('for machines that are made so'))
    .option('--force', 'build it anew')
    .action(async (options) => {
      onExit(await (await import('../commands/image-build.ts')).runImageBuild(context, options));
    });
  image.addHelpText('after', '\nExamples:\n  cspace image build');
}

function declareDaemon(program: Command, context: CliContext, onExit: OnExit): void {
  const daemon = program
    .command('daemon')
    .helpCommand(false)
    .summary('look at the daemon, or stop it')
    .description(
      'The daemon keeps the sandboxes. It is started by the first command that needs it and leaves by itself.',
    );
  addCommand(daemon, 'status', {
    summary: 'say whether the daemon runs',
    examples: ['cspace daemon status', 'cspace daemon status --json'],
  }).action(async (options) => {
    onExit(await (await import('../commands/daemon-status.ts')).runDaemonStatus(context, options));
  });
  addCommand(daemon, 'stop', {
    summary: 'stop the daemon; sandboxes run on',
    examples: ['cspace daemon stop'],
  }).action(async (options) => {
    onExit(await (await import('../commands/daemon-stop.ts')).runDaemonStop(context, options));
  });
  daemon.addHelpText('after', '\nExamples:\n  cspace daemon status');
  declareHidden(daemon, context, onExit);
}

/** What cspace runs of itself: `start` as root through sudo, `run` detached. */
function declareHidden(daemon: Command, context: CliContext, onExit: OnExit): void {
  daemon
    .command('run', { hidden: true })
    .requiredOption('--home <folder>')
    .action(async (options) => {
      onExit(await (await import('../commands/daemon-run.ts')).runDaemonRun(context, options));
    });
  daemon
    .command('start', { hidden: true })
    .requiredOption('--home <folder>')
    .option('--json')
    .action(async (options) => {
      onExit(await (await import('../commands/daemon-start.ts')).runDaemonStart(context, options));
    });
}
