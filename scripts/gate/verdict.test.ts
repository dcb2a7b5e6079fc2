import { expect, test } from 'bun:test';
import { parseArgs } from './args.ts';
import { NO_OUTCOME, type Outcome } from './junit.ts';
import { getAppleLanes, getLanes, getQemuLanes, type Lanes } from './lanes.ts';
import { createReport } from './report.ts';
import type { SuiteAnswer } from './suite.ts';
import { findTestFiles, getBootObstacle, getSuiteName, SUITES } from './suites.ts';
import { getTroubles } from './troubles.ts';

const CLEAN: SuiteAnswer = { code: 0, timedOut: false, findings: [], blind: [] };
const PASSED: Outcome = { ...NO_OUTCOME, passed: 1, files: ['a.test.ts'] };
const ASKED = { extra: [], ci: false };

const TROUBLES: [string, Partial<SuiteAnswer>, Outcome, string[]][] = [
  ['all is well', {}, PASSED, []],
  ['a failed test is none of its own', { code: 1 }, { ...PASSED, failed: 1 }, []],
  ['a leak', { findings: [{ kind: 'link', item: 'cspace0' }] }, PASSED, ['left behind: link cspace0']],
  [
    'a blind census',
    { blind: [{ kind: 'rule', why: 'no nft' }] },
    PASSED,
    ['the census cannot see any rule: no nft'],
  ],
  ['a deadline', { timedOut: true, code: 143 }, PASSED, ['stopped at its deadline']],
  ['a crash after the tests', { code: 139 }, PASSED, ['bun test ended with 139, though no test failed']],
  [
    'a file that does not load',
    { code: 1 },
    NO_OUTCOME,
    ['a.test.ts ran no test: it does not load, or holds none', 'no test ran'],
  ],
  ['a skip without a reason', {}, { ...PASSED, skipped: ['x'] }, ['skipped without a reason in its name: x']],
  ['a skip with one', {}, { ...PASSED, skipped: ['x (skipped: no KVM)'] }, []],
];
for (const [what, answer, outcome, troubles] of TROUBLES)
  test(`getTroubles: ${what}`, () => {
    expect(getTroubles({ ...CLEAN, ...answer }, [{ files: ['a.test.ts'], outcome }], ASKED)).toEqual(
      troubles,
    );
  });

test.each([
  ['dig is missing: apt-get install bind9-dnsutils', 1],
  ['needs root', 1],
  ['this kernel has no br_netfilter, or so', 1],
  ['this kernel has no br_netfilter', 0],
  ['iptables-legacy does not work on this kernel', 0],
  ['iptables-legacy is not installed', 1],
])('getTroubles with CI=true: a skip because %s', (reason, count) => {
  const name = `x (skipped: ${reason})`;
  const troubles = getTroubles(CLEAN, [{ files: ['a.test.ts'], outcome: { ...PASSED, skipped: [name] } }], {
    ...ASKED,
    ci: true,
  });
  expect(troubles).toEqual(Array(count).fill(`skipped, which CI=true forbids: ${name}`));
});

function endOf(fill: (report: ReturnType<typeof createReport>) => void): { code: number; last: string } {
  const lines: string[] = [];
  const report = createReport((line) => lines.push(line));
  fill(report);
  const code = report.end();
  return { code, last: lines.at(-1) ?? '' };
}

test('createReport: the last line sums the suites, and 0 is the code', () => {
  const { code, last } = endOf((report) => {
    report.addSuite(
      'unit',
      { outcome: { ...PASSED, passed: 4, skipped: ['x'] }, parts: [], troubles: [] },
      1,
    );
    report.addSuite('e2e', { outcome: PASSED, parts: [], troubles: [] }, 1);
  });
  expect({ code, last }).toEqual({ code: 0, last: '5 passed, 0 failed, 1 skipped' });
});

test('createReport: a leak, a failed check and a failed test each count', () => {
  const { code, last } = endOf((report) => {
    report.addSuite(
      'unit',
      { outcome: { ...PASSED, failed: 1 }, parts: [], troubles: ['left behind: link x'] },
      1,
    );
    report.fail('typecheck');
  });
  expect({ code, last }).toEqual({ code: 1, last: '1 passed, 3 failed' });
});

test('createReport: what failed stands at the end, with its suite and its reason', () => {
  const lines: string[] = [];
  const report = createReport((line) => lines.push(line));
  const failures = [{ name: 'adds', why: '1 is not 2\nat a.test.ts:3' }];
  report.addSuite('unit', { outcome: { ...PASSED, failed: 1, failures }, parts: [], troubles: [] }, 1);
  report.addSuite('e2e', { outcome: PASSED, parts: [], troubles: [] }, 1);
  report.end();
  expect(lines.at(-2)).toEndWith('FAILED: unit: adds\n    1 is not 2\n    at a.test.ts:3');
});

test('createReport: no test at all is a failure', () => {
  expect(endOf(() => {}).code).toBe(1);
  expect(
    endOf((report) => report.addSuite('unit', { outcome: NO_OUTCOME, parts: [], troubles: [] }, 1)).code,
  ).toBe(1);
});

test('getSuiteName goes by the folder', () => {
  expect(getSuiteName('packages/host/test/e2e/crash.test.ts')).toBe('e2e');
  expect(getSuiteName('packages/host/src/e2e/crash.test.ts')).toBe('unit');
  expect(getSuiteName('packages/host/test/support/census.test.ts')).toBe('unit');
});

/** What runs, by lane: what with, and how many files, or which. */
const show = (lanes: Lanes): string[][] =>
  lanes.map((runs) => runs.map((run) => `${run.with ?? ''} ${run.files.length}`.trim()));

test('getLanes: one, or what the suite makes of its files', () => {
  const files = ['a/x.test.ts', 'b/y.test.ts', 'a/z.test.ts'];
  const getFiles = (lanes: Lanes) => lanes.map((runs) => runs.map((run) => run.files));
  expect(getFiles(getLanes(files, {}))).toEqual([[files]]);
  expect(getFiles(getLanes(files, { laneOf: (file) => file.charAt(0) }))).toEqual([
    [['a/x.test.ts', 'a/z.test.ts']],
    [['b/y.test.ts']],
  ]);
  expect(getLanes([], {})).toEqual([]);
});

const ALL = findTestFiles('.');
const count = (name: 'contract' | 'e2e') => ALL.get(name)?.length ?? 0;
const of = (get: (files: readonly string[], suite: (typeof SUITES)[number]) => Lanes) =>
  SUITES.filter(({ name }) => name === 'contract' || name === 'e2e').map((suite) =>
    show(get(ALL.get(suite.name) ?? [], suite)),
  );

test('getLanes: tests of microVMs have a lane of their own in contract and e2e, those of the stand-in come after one', () => {
  expect(of(getLanes)).toEqual([
    [['1', 'apple 1.0.0 1', 'apple 1.2.0 1', 'apple 1.2.2 2'], ['1']],
    // Without what is of a Mac there, and here without microVMs and what is of Linux.
    [[`${count('e2e') - 4}`], ['2', `apple 1.2.2 ${count('e2e') - 4}`]],
  ]);
});

test('getQemuLanes: the contract of qemu alone, all of e2e', () => {
  expect(of(getQemuLanes)).toEqual([[['1']], [[`${count('e2e')}`]]]);
});

test('getAppleLanes: the contract once for each version, mutations with the last, all files of e2e once with that', () => {
  const [contract, e2e] = of(getAppleLanes);
  expect(contract).toEqual([['apple 1.0.0 1', 'apple 1.2.0 1'], ['apple 1.2.2 2']]);
  expect(e2e?.flat().filter((run) => !run.startsWith('apple 1.2.2'))).toEqual([
    'apple 1.0.0 2',
    'apple 1.2.0 2',
  ]);
  const last = e2e?.flat().filter((run) => run.startsWith('apple 1.2.2')) ?? [];
  expect(last.reduce((sum, run) => sum + Number(run.split(' ').at(-1)), 0)).toBe(count('e2e') - 4);
});

test('getBootObstacle', () => {
  expect(getBootObstacle({ platform: 'linux', root: false, sudo: true })).toBeUndefined();
  expect(getBootObstacle({ platform: 'linux', root: false, sudo: false })).toContain('root');
  expect(getBootObstacle({ platform: 'darwin', root: true, sudo: true })).toContain('darwin');
});

test('parseArgs: steps, arguments for bun test, unknown words', () => {
  const args = parseArgs(['unit', 'nonsense', '--', '-t', 'x']);
  expect([args.wants('unit'), args.wants('e2e'), args.extra, args.unknown]).toEqual([
    true,
    false,
    ['-t', 'x'],
    ['nonsense'],
  ]);
  expect(parseArgs([]).wants('e2e')).toBe(true);
});

test('parseArgs: of --substrate=qemu the suites that try it', () => {
  const args = parseArgs(['--substrate=qemu']);
  const wanted = ['checks', 'unit', 'contract', 'integration', 'e2e'].filter(args.wants);
  expect([args.substrate, args.unknown, wanted]).toEqual(['qemu', [], ['contract', 'e2e']]);
  expect(parseArgs(['e2e', '--substrate=qemu']).wants('contract')).toBe(false);
  expect(parseArgs(['--substrate=apple']).substrate).toBe('apple');
});
