import { getUnreported, type Outcome, sumOutcomes } from './junit.ts';
import type { SuiteAnswer } from './suite.ts';

/** What no package brings, since another kernel has it, or what a substrate declares that it has not. */
const KERNEL_LACKS = [
  /^no rules of ours stand between its machines and the host$/,
  /^its machines bring their networks along, and none is of our making$/,
  /^this kernel has no br_netfilter$/,
  /^iptables-(nft|legacy) does not work on this kernel$/,
];

/** What went wrong with a suite, its failed tests aside. Pure. */
export function getTroubles(
  answer: SuiteAnswer,
  runs: readonly { files: readonly string[]; outcome: Outcome }[],
  { extra, ci }: { extra: readonly string[]; ci: boolean },
): string[] {
  const outcome = sumOutcomes(runs.map((run) => run.outcome));
  const troubles: string[] = [];
  if (answer.timedOut) troubles.push('stopped at its deadline');
  const chosen = extra.length > 0; // by name, say: then a file may rightly run nothing
  const silent = chosen ? [] : runs.flatMap((run) => getUnreported(run.files, run.outcome));
  for (const file of silent) troubles.push(`${file} ran no test: it does not load, or holds none`);
  for (const name of outcome.skipped) {
    const reason = /\(skipped: (.+)\)$/.exec(name)?.[1];
    if (reason === undefined) troubles.push(`skipped without a reason in its name: ${name}`);
    else if (ci && !KERNEL_LACKS.some((lack) => lack.test(reason)))
      troubles.push(`skipped, which CI=true forbids: ${name}`);
  }
  if (outcome.passed + outcome.failed === 0) troubles.push('no test ran');
  if (answer.code !== 0 && outcome.failed === 0 && troubles.length === 0)
    troubles.push(`bun test ended with ${answer.code}, though no test failed`);
  for (const { kind, item } of answer.findings) troubles.push(`left behind: ${kind} ${item}`);
  for (const { kind, why } of answer.blind) troubles.push(`the census cannot see any ${kind}: ${why}`);
  return troubles;
}
