import { type Failure, formatCounts, type Outcome, sumOutcomes } from './junit.ts';
import type { SuiteResult } from './run-suite.ts';

/** What the gate says as it goes, and its verdict. */
export interface Report {
  /** One line, with the seconds since the start. */
  say(text: string): void;
  sayStep(name: string, ok: boolean, ms: number): void;
  addSuite(name: string, result: SuiteResult, ms: number): void;
  /** A failure that is no test's: each counts as one in the last line. */
  fail(text: string): void;
  skip(text: string): void;
  /** Prints the verdict, the counts as the very last line, and returns the exit code: 0 or 1. */
  end(): number;
}

export function createReport(print: (line: string) => void = console.log): Report {
  const start = performance.now();
  const outcomes: Outcome[] = [];
  const failures: string[] = [];
  const failedTests: Failure[] = [];
  const skips: string[] = [];
  const say = (text: string): void => {
    print(`[${formatSeconds(performance.now() - start).padStart(6)} s] ${text}`);
  };
  return {
    say,
    sayStep: (name, ok, ms) => say(`${name}: ${ok ? 'ok' : 'FAILED'} (${formatSeconds(ms)} s)`),
    addSuite(name, { outcome, parts, troubles }, ms) {
      outcomes.push(outcome);
      say(`${name}: ${formatCounts(outcome)} (${formatSeconds(ms)} s)`);
      for (const part of parts) say(`  of them with ${part.with}: ${formatCounts(part.outcome)}`);
      for (const test of outcome.failures) say(`  failed: ${test.name}`);
      failedTests.push(...outcome.failures.map((test) => ({ ...test, name: `${name}: ${test.name}` })));
      for (const test of outcome.skipped) say(`  skipped: ${test}`);
      for (const trouble of troubles) failures.push(`${name}: ${trouble}`);
    },
    fail: (text) => failures.push(text),
    skip: (text) => skips.push(text),
    end() {
      const total = sumOutcomes(outcomes);
      const ran = total.passed + total.failed;
      if (outcomes.length > 0 && ran === 0) failures.push('no test ran at all');
      for (const line of skips) say(`skipped: ${line}`);
      // Once more, with the reason: of a long output often the end alone is kept.
      for (const { name, why } of failedTests) say(`FAILED: ${name}${indent(why)}`);
      for (const line of failures) say(`FAILED: ${line}`);
      const sum = { ...total, failed: total.failed + failures.length };
      print(formatCounts(sum));
      return sum.failed > 0 || ran === 0 ? 1 : 0;
    },
  };
}

function formatSeconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

const SHOWN_LINES = 40;

function indent(text: string): string {
  const lines = text.split('\n').slice(0, SHOWN_LINES);
  return text === '' ? '' : lines.map((line) => `\n    ${line}`).join('');
}
