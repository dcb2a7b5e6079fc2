import { type Problem, ProblemError } from '@cspace/protocol/problem';
import { runAsRoot } from '../client/sudo.ts';
import { installPackages } from '../setup/install.ts';
import { getInstallArgv, getPackages } from '../setup/plan.ts';
import { type Finding, probeHost } from '../setup/probe-host.ts';
import type { CliContext } from './context.ts';
import { confirm } from './output/confirm.ts';
import { createProgress } from './output/progress.ts';

export interface SetupOptions {
  /** Do not ask. */
  yes: boolean;
}

export interface SetupResult {
  changed: boolean;
  /** The command that was run, or null where nothing was missing. */
  command: string | null;
  /** What is still missing that no package mends. */
  findings: Finding[];
}

/**
 * Installs what this machine lacks, as far as packages mend it: asking on a terminal unless `yes`. Elsewhere throws
 * `engine-missing` with what is missing and the line to run.
 */
export async function setUpHost(context: CliContext, { yes }: SetupOptions): Promise<SetupResult> {
  const before = await probe(context);
  const packages = getPackages(before);
  if (packages.length === 0) return { changed: false, command: null, findings: before };
  const command = getInstallArgv(packages).join(' ');
  if (!yes && !(await ask(context, before, command))) {
    throw new ProblemError(getMissingProblem(before));
  }
  await install(context, packages, command);
  return { changed: true, command, findings: await probe(context) };
}

/** For `up`: true where something was installed, so that another attempt is worth it. */
export async function offerSetup(
  context: CliContext,
  options: SetupOptions & { problem: Problem },
): Promise<boolean> {
  return (await setUpHost(context, options)).changed;
}

async function probe(context: CliContext): Promise<Finding[]> {
  return (await probeHost({ owner: context.owner, signal: context.signal })).findings;
}

export function getMissingProblem(findings: readonly Finding[]): Problem {
  return { code: 'engine-missing', ...describe(findings), fix: 'cspace setup --yes' };
}

function describe(findings: readonly Finding[]): { message: string; why: string } {
  const missing = findings.filter((finding) => !finding.ok);
  return {
    message: 'this machine lacks what sandboxes need',
    why: missing.map(({ what, why }) => (why === undefined ? what : `${what}: ${why}`)).join('\n'),
  };
}

async function ask(context: CliContext, findings: Finding[], command: string): Promise<boolean> {
  if (!context.stdin.isTerminal || !context.stderr.isTerminal) return false;
  const { message, why } = describe(findings);
  context.stderr.write(
    `${message}:\n${why.replace(/^/gm, '  ')}\nThis would install it:\n  sudo ${command}\n`,
  );
  return confirm('Run it now?', context);
}

async function install(context: CliContext, packages: string[], command: string): Promise<void> {
  context.stderr.write(`installing: ${command}\n`);
  if (process.getuid?.() !== 0) {
    return runAsRoot([...context.self, 'setup', '--yes'], {
      context,
      purpose: 'installing what is missing',
      relay: true,
    });
  }
  const progress = createProgress(context.stderr);
  try {
    await installPackages(packages, { signal: context.signal, onLine: progress.show });
  } finally {
    progress.clear();
  }
}
