import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';
import type { OnExit } from '../program.ts';
import { addCommand, getSubstrateOption } from './declare.ts';

/** The commands about machines and their work. */
export function declareMachineCommands(program: Command, context: CliContext, onExit: OnExit): void {
  declareUp(program, context, onExit);
  addCommand(program, 'down <name>', {
    summary: 'stop a sandbox; its clone and conversation stay',
    description:
      'Stop a sandbox: its machine goes, its clone and its conversation stay. `cspace up` goes on with both.',
    examples: ['cspace down mercury', 'cspace down shop/mercury'],
  }).action(async (name, options) => {
    onExit(await (await import('../commands/down.ts')).runDown(context, name, options));
  });
  addCommand(program, 'rm <name>', {
    summary: 'delete a sandbox with its clone and conversation',
    description:
      'Delete a sandbox with its clone and its conversation. Refuses (exit code 5) while the clone holds work that is nowhere else: commits that were not fetched, changed and untracked files.',
    examples: ['cspace fetch mercury && cspace rm mercury', 'cspace rm --force mercury'],
  })
    .option('--force', 'delete work that is nowhere else, too')
    .action(async (name, options) => {
      onExit(await (await import('../commands/rm.ts')).runRm(context, name, options));
    });
  addCommand(program, 'ls', {
    summary: 'list all sandboxes',
    examples: ['cspace ls', "cspace ls --json | jq -r '.sandboxes[].sandbox'"],
  }).action(async (options) => {
    onExit(await (await import('../commands/ls.ts')).runLs(context, options));
  });
  addCommand(program, 'status <name>', {
    summary: 'show one sandbox and what its agent is doing',
    examples: ['cspace status mercury'],
  }).action(async (name, options) => {
    onExit(await (await import('../commands/status.ts')).runStatus(context, name, options));
  });
  declarePorts(program, context, onExit);
  addCommand(program, 'fetch <name>', {
    summary: "take a sandbox's commits into this repository",
    description:
      "Take a sandbox's commits into the host repository, as branch cspace/NAME. Nothing that the clone carries is run.",
    examples: ['cspace fetch mercury && git log cspace/mercury'],
  }).action(async (name, options) => {
    onExit(await (await import('../commands/fetch.ts')).runFetch(context, name, options));
  });
}

function declareUp(program: Command, context: CliContext, onExit: OnExit): void {
  addCommand(program, 'up [name]', {
    summary: 'bring up a sandbox of the repository you stand in',
    description:
      'Bring up a sandbox of the git repository you stand in: a clone on branch cspace/NAME, a machine around it, and Claude Code in it. Without a name it picks one. A sandbox that was stopped goes on where it was.',
    examples: [
      'cspace up mercury',
      'cspace up mercury --yes -m "run: git log --oneline | head -3"',
      'cspace up --base main --memory 8G --cpus 4',
    ],
  })
    .option('-y, --yes', 'install what this machine lacks without asking')
    .option(
      '-m, --message <text>',
      "send this turn and follow it to its end; the exit code is the turn's outcome",
    )
    .option('--base <commit>', 'start the branch at this branch, tag or commit (default: the current one)')
    .option('--model <model>', 'the model that answers')
    .option('--cpus <number>', 'processors; fractions are fine')
    .option('--memory <size>', 'memory, such as 512M or 4G')
    .option('--pids <number>', 'processes and threads at most')
    .addOption(new Option('--network <mode>', 'what it reaches').choices(['nat', 'none']))
    .addOption(getSubstrateOption())
    .option('--timings', 'print how long each part took')
    .action(async (name, options) => {
      onExit(await (await import('../commands/up.ts')).runUp(context, name, options));
    });
}

function declarePorts(program: Command, context: CliContext, onExit: OnExit): void {
  addCommand(program, 'ports <name>', {
    summary: 'list what listens in a sandbox, with the URL of each',
    description:
      'List what listens in a sandbox, what it speaks and its URL. Servers on 127.0.0.1 and on 0.0.0.0 are reachable at the name of the sandbox; what is not is listed with the reason.',
    examples: ['cspace ports mercury', "cspace ports mercury --json | jq -r '.ports[].url'"],
  }).action(async (name, options) => {
    onExit(await (await import('../commands/ports.ts')).runPorts(context, name, options));
  });
  addCommand(program, 'open <name> [port]', {
    summary: "open a sandbox's server in the browser",
    description:
      "Open a sandbox's server in the browser: by $BROWSER, else as the desktop does. Without a port the only one that speaks HTTP; of several it asks, on a terminal. Prints the URL always; --print and --json do no more than that.",
    examples: [
      'cspace open mercury',
      'cspace open mercury 3000',
      'curl "$(cspace open mercury 3000 --print)"',
    ],
  })
    .option('--print', 'print the URL and open nothing')
    .action(async (name, port, options) => {
      onExit(await (await import('../commands/open.ts')).runOpen(context, { name, port }, options));
    });
}
