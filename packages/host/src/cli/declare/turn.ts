import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { OnExit } from '../program.ts';
import { addCommand } from './declare.ts';

/** The commands that talk to the agent, or run something beside it. */
export function declareTurnCommands(program: Command, context: CliContext, onExit: OnExit): void {
  addCommand(program, 'send <name> <text...>', {
    summary: 'give the agent a turn',
    description:
      "Give the agent a turn. Returns once the turn is safely written down, with its id; --follow waits for its end, and the exit code is then the turn's outcome (0 completed, 1 failed, 130 interrupted). `-` reads the text from stdin.",
    examples: [
      'cspace send mercury "run: ls -la"',
      'cspace send mercury --follow "what did I ask you before?"',
      'cspace send mercury - < task.md',
    ],
  })
    .option('-f, --follow', 'show the turn until it ends')
    .action(async (name, text, options) => {
      onExit(await (await import('../commands/send.ts')).runSend(context, { name, text }, options));
    });
  addCommand(program, 'logs <name>', {
    summary: "show the agent's turns",
    description: "Show the agent's turns, also of a stopped sandbox. --json prints the raw events.",
    examples: ['cspace logs mercury -f', 'cspace logs mercury --json | jq .type'],
  })
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .action(async (name, options) => {
      onExit(await (await import('../commands/logs.ts')).runLogs(context, name, options));
    });
  addCommand(program, 'interrupt <name>', {
    summary: 'stop the turn that is running',
    examples: ['cspace interrupt mercury'],
  }).action(async (name, options) => {
    onExit(await (await import('../commands/interrupt.ts')).runInterrupt(context, name, options));
  });
  declareExec(program, context, onExit);
  declareSsh(program, context, onExit);
}

function declareExec(program: Command, context: CliContext, onExit: OnExit): void {
  addCommand(program, 'exec <name> <command...>', {
    summary: 'run a command in a sandbox',
    description:
      "Run a command in a sandbox, in /workspace, as user dev. The exit code is the command's own. stdin is passed on where it is no terminal; a terminal is given where this one is. --json waits for the end and prints exit code, stdout and stderr.",
    examples: ['cspace exec mercury -- git status', 'tar c docs | cspace exec -i mercury -- tar x'],
  })
    .usage('[OPTIONS] NAME -- COMMAND...')
    .option('-i, --interactive', 'pass stdin on (default: where it is no terminal, or -t)')
    .option('-t, --tty', 'give it a terminal (default: where stdin and stdout are one)')
    .option('-T, --no-tty', 'never give it a terminal')
    .option('--root', 'run as root of the sandbox')
    .option('-w, --workdir <folder>', 'an absolute folder to run in', '/workspace')
    .passThroughOptions()
    .action(async (name, command: string[], options) => {
      // Commander keeps the `--` that follows the name.
      const argv = command[0] === '--' ? command.slice(1) : command;
      onExit(await (await import('../commands/exec.ts')).runExec(context, { name, argv }, options));
    });
  addCommand(program, 'cp <from> <to>', {
    summary: 'copy a file or a folder into a sandbox or out of it',
    description:
      'Copy a file or a folder into a sandbox or out of it, with all that is in it. The side in the sandbox is NAME:PATH; a path that is not absolute is in /workspace. Where the target is a folder, the source comes into it; FOLDER/. means what is in the folder. Files keep their mode and belong to who copies them. Out of a sandbox come files, folders and links among them; what was left out is said.',
    examples: [
      'cspace cp mercury:dist/app.tar.gz .',
      'cspace cp fixtures mercury:test/',
      'cspace cp mercury:/var/log/. logs',
    ],
  })
    .option('--root', 'as root of the sandbox')
    .action(async (from, to, options) => {
      onExit(await (await import('../commands/cp.ts')).runCp(context, { from, to }, options));
    });
  addCommand(program, 'shell <name>', {
    summary: 'open a shell in a sandbox',
    description:
      'Open a login shell in a sandbox, in /workspace, as user dev. --json prints the exit code at the end.',
    examples: ['cspace shell mercury', 'cspace shell --root mercury'],
  })
    .option('--root', 'as root of the sandbox')
    .action(async (name, options) => {
      onExit(await (await import('../commands/shell.ts')).runShell(context, name, options));
    });
}

/** The host's own ssh, and all that speaks through it. */
function declareSsh(program: Command, context: CliContext, onExit: OnExit): void {
  addCommand(program, 'ssh <name> [arguments...]', {
    summary: 'log in to a sandbox by ssh',
    description:
      "Log in to a sandbox by this host's ssh, as user dev. What follows the name is ssh's: its options, or a command. The way is that of exec, and no port of the sandbox's is open for it. Secrets of the environment are not there, as they are in exec and shell.",
    examples: ['cspace ssh mercury', 'cspace ssh mercury -L 8080:localhost:80', 'cspace ssh mercury uptime'],
  })
    .usage('[OPTIONS] NAME [ARGUMENTS OF ssh]')
    .passThroughOptions()
    .action(async (name, argv: string[], options) => {
      const { runSsh } = await import('../commands/ssh.ts');
      onExit(await runSsh(context, { name, argv }, options));
    });
  addCommand(program, 'ssh-config', {
    summary: 'print what ssh, scp, rsync and editors need to reach sandboxes',
    description:
      'Print the block of ~/.ssh/config by which ssh, scp, sftp, rsync, git and editors reach every sandbox by its name, also those that are made later. It needs no `cspace dns install`.',
    examples: ['cspace ssh-config >>~/.ssh/config', 'scp notes.md mercury.shop.cspace2.local:'],
  }).action(async (options) => {
    onExit(await (await import('../commands/ssh.ts')).runSshConfig(context, options));
  });
  program
    .command('ssh-proxy', { hidden: true })
    .argument('<host>')
    .action(async (host: string) => {
      onExit(await (await import('../commands/ssh.ts')).runSshProxy(context, host));
    });
}
