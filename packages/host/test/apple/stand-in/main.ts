// Apple's `container`, as it is documented to be, done by podman: packages/host/test/apple/README.md.
import { getNames, needsServer } from './cli/commands.ts';
import { parseArgv } from './cli/parse-argv.ts';
import { getVersionLine } from './commands/system.ts';
import { Failure, Failures, formatFailure, UsageFailure } from './failure.ts';
import { HANDLERS } from './handlers.ts';
import { assertServer, readKnobs, takeFailure, waitAsSlow } from './knobs.ts';
import { print, printError } from './output.ts';
import { ensureFolder, getWorld } from './state.ts';
import { isSince, parseVersion } from './versions.ts';

const EXIT_USAGE = 64;
const NOISE = 'Warning: a newer version of container is available\n[1/1] Working [0s]';

async function main(argv: readonly string[], env: Record<string, string | undefined>): Promise<number> {
  const version = parseVersion(env.CSPACE_STANDIN_VERSION ?? '');
  if (argv[0] === '--version') {
    print(getVersionLine(version));
    return 0;
  }
  const request = parseArgv(argv, version);
  const state = env.CSPACE_STANDIN_STATE;
  if (!state) throw new Error('CSPACE_STANDIN_STATE is not set');
  const world = getWorld(version, ensureFolder(state));
  const knobs = readKnobs(world);
  const names = getNames(request.command);
  await waitAsSlow(knobs, names);
  if (needsServer(request.command)) assertServer(knobs);
  const planned = takeFailure(world, knobs, names);
  if (planned && !planned.after) throw planned.failure;
  const handler = HANDLERS[request.name];
  if (!handler) throw new Failure('unsupported', `the stand-in does not do ${request.name}`);
  // Before 1.0 what it had to say could stand among the data.
  if (knobs.noise) (isSince(version, '1.0.0') ? printError : print)(NOISE);
  const code = await handler({ world, version, knobs, request });
  if (planned) throw planned.failure;
  return code;
}

function report(error: unknown): number {
  if (error instanceof UsageFailure) {
    printError(`Error: ${error.message}\n${error.usage}`);
    return EXIT_USAGE;
  }
  if (error instanceof Failure) printError(`Error: ${formatFailure(error)}`);
  else if (error instanceof Failures) printError(`Error: ${error.all.map(formatFailure).join('\n')}`);
  else throw error;
  return 1;
}

// No await up here: byte code is of modules without one.
main(process.argv.slice(2), process.env)
  .catch(report)
  .then((code) => process.exit(code));
