import { type Problem, ProblemError } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import { runAsRoot } from '../client/sudo.ts';
import { installPackages, runFix } from '../setup/install.ts';
import { getCommands, getInstallArgv, getPackages } from '../setup/plan.ts';
import { type Finding, probeHost } from '../setup/probe-host.ts';
import type { CliContext } from './context.ts';
import { confirm } from './output/confirm.ts';
import { createProgress } from './output/progress.ts';

export interface SetupOptions {
  /** Do not ask. */
  yes: boolean;
  /** What sandboxes are to be made with; by default what suits this machine best. */
  substrate: SubstrateKind | undefined;
}

/** What looks at the host and changes it. */
export interface SetupEffects {
  probeHost: typeof probeHost;
  installPackages: typeof installPackages;
  runFix: typeof runFix;
}

export interface SetupResult {
  changed: boolean;
  /** The command lines that were run, or null where nothing was missing. */
  command: string | null;
  substrate: SubstrateKind;
  /** What was found in the end: what is still missing no package mends. */
  findings: Finding[];
}

/**
 * Installs what this machine lacks, as far as packages mend it: asking on a terminal unless `yes`. Elsewhere throws
 * `engine-missing` with what is missing and the line to run.
 */
export async function setUpHost(
  context: CliContext,
  options: SetupOptions,
  effects: SetupEffects = { probeHost, installPackages, runFix },
): Promise<SetupResult> {
  const { owner, signal, env } = context;
  // Where nobody says for what, the packages decide once, and not again by what they made of the host.
  const probe = (substrate: SubstrateKind | undefined) =>
    effects.probeHost({ owner, substrate, vmStore: env.CSPACE_TEST_VM_STORE, forSetup: true, signal });
  const { substrate, findings: before } = await probe(options.substrate);
  const plan: Plan = { packages: getPackages(before), commands: getCommands(before), substrate };
  const lines = getLines(plan);
  if (lines.length === 0) return { changed: false, command: null, substrate, findings: before };
  if (!options.yes && !(await ask(context, before, getLines(plan, 'sudo ')))) {
    throw new ProblemError(getMissingProblem(before, substrate));
  }
  await carryOut(context, plan, effects);
  const command = lines.join(' && ');
  const { findings } = await probe(substrate);
  return { changed: true, command, substrate, findings };
}

/** For `up`: true where something was installed, so that another attempt is worth it. */
export async function offerSetup(context: CliContext, options: SetupOptions): Promise<boolean> {
  return (await setUpHost(context, options)).changed;
}

export function getMissingProblem(findings: readonly Finding[], substrate: SubstrateKind): Problem {
  return {
    code: 'engine-missing',
    ...describe(findings),
    fix: `cspace setup --substrate ${substrate} --yes`,
  };
}

function describe(findings: readonly Finding[]): { message: string; why: string } {
  const missing = findings.filter((finding) => !finding.ok && (!finding.optional || finding.packages));
  return {
    message: 'this machine lacks what sandboxes need',
    why: missing.map(({ what, why }) => (why === undefined ? what : `${what}: ${why}`)).join('\n'),
  };
}

async function ask(context: CliContext, findings: Finding[], lines: readonly string[]): Promise<boolean> {
  if (!context.stdin.isTerminal || !context.stderr.isTerminal) return false;
  const { message, why } = describe(findings);
  context.stderr.write(
    `${message}:\n${why.replace(/^/gm, '  ')}\nThis would mend it:\n${lines.map((line) => `  ${line}\n`).join('')}`,
  );
  return confirm('Run it now?', context);
}

interface Plan {
  packages: string[];
  /** As the user. */
  commands: string[][];
  substrate: SubstrateKind;
}

/** What would be run, for people; `asRoot` stands before what only root may. */
function getLines({ packages, commands }: Plan, asRoot = ''): string[] {
  const install = packages.length > 0 ? [`${asRoot}${getInstallArgv(packages).join(' ')}`] : [];
  return [...install, ...commands.map((argv) => argv.join(' '))];
}

async function carryOut(context: CliContext, plan: Plan, effects: SetupEffects): Promise<void> {
  const { packages, commands, substrate } = plan;
  for (const line of getLines(plan)) context.stderr.write(`running: ${line}\n`);
  const isRoot = process.getuid?.() === 0;
  if (packages.length > 0 && !isRoot) {
    await runAsRoot([...context.self, 'setup', '--substrate', substrate, '--yes'], {
      context,
      purpose: 'installing what is missing',
      relay: true,
    });
  }
  const progress = createProgress(context.stderr);
  const options = { signal: context.signal, onLine: progress.show };
  try {
    if (packages.length > 0 && isRoot) await effects.installPackages(packages, options);
    for (const argv of commands) await effects.runFix(argv, options);
  } finally {
    progress.clear();
  }
}
