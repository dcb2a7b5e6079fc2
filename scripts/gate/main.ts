// The gate: every check and suite that this machine can run, a line with its time for each step, and as the last line
// `N passed, N failed[, N skipped]`. Started from the repository's root by scripts/test and scripts/check.
import { parseArgs, STEPS } from './args.ts';
import { runChecks } from './checks.ts';
import { getAppleLanes, getLanes, getQemuLanes } from './lanes.ts';
import { prepare, prepareWebImage, WEB_IMAGE_VARIABLE } from './prepare.ts';
import { createReport } from './report.ts';
import { runSuite } from './run-suite.ts';
import { type Groups, signalGroup } from './spawn.ts';
import { findTestFiles, getBootObstacle, getSuiteOf, SUITES, type Suite } from './suites.ts';
import { takeTurn } from './turn.ts';

/** The one test of the fast half. */
const IMPORT_TABLE_TEST = 'packages/host/test/architecture.test.ts';

/** As long as a whole run may take. */
const TURN_TIMEOUT_MS = 90 * 60_000;

const LANES = { all: getLanes, qemu: getQemuLanes, apple: getAppleLanes };

const { env } = process;
const ci = env.CI === 'true' || env.CI === '1';
const args = parseArgs(process.argv.slice(2));
if (args.unknown.length > 0) {
  console.error(`test: no step ${args.unknown.join(', ')}; there are ${STEPS.join(', ')}`);
  process.exit(2);
}

const report = createReport();
const groups: Groups = new Set();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    for (const group of groups) signalGroup(group, stop.signal.aborted ? 'SIGKILL' : 'SIGTERM');
    stop.abort(signal);
  });
}

const root = process.getuid?.() === 0;
const sudo = !root && Bun.which('sudo') !== null && Bun.spawnSync(['sudo', '-n', 'true']).success;
const unbootable = getBootObstacle({ platform: process.platform, root, sudo });
const files = findTestFiles('.');

async function runStep(of: Suite, all: readonly string[], more = {}): Promise<void> {
  if (stop.signal.aborted) return;
  const { substrate } = args;
  const suite = substrate === undefined ? of : getSuiteOf(of, substrate);
  const lanes = LANES[substrate ?? 'all'](all, suite);
  if (lanes.length === 0) return skip(suite, 'it has no test yet');
  const lab = unbootable === undefined && canMakeLab();
  if (!lab) report.say(`${suite.name}: without lab and census: ${unbootable ?? 'iproute2 is missing'}`);
  const before = performance.now();
  const result = await runSuite(suite, {
    lanes,
    extra: args.extra,
    env: { ...env, ...(substrate && { CSPACE_TEST_SUBSTRATE: substrate }), ...more },
    lab,
    ci,
    groups,
  });
  report.addSuite(suite.name, result, performance.now() - before);
}

/** Before the first setup of a bare machine it may be missing. */
function canMakeLab(): boolean {
  return Bun.which('ip', { PATH: `${env.PATH}:/usr/sbin:/sbin` }) !== null;
}

function skip(suite: Suite, reason: string): void {
  if (ci) report.fail(`${suite.name} skipped, which CI=true forbids: ${reason}`);
  else report.skip(`${suite.name}: ${reason}`);
}

if (args.wants('checks')) {
  const failed = await runChecks(env, groups, (name, ended) => {
    if (ended.code !== 0) console.log(ended.output);
    report.sayStep(name, ended.code === 0, ended.ms);
  });
  for (const name of failed) report.fail(name);
}

if (SUITES.some(({ name }) => args.wants(name))) {
  const wait = AbortSignal.any([stop.signal, AbortSignal.timeout(TURN_TIMEOUT_MS)]);
  await takeTurn(
    () => report.say('another run of the tests is at work on this machine: waiting'),
    wait,
  ).catch((error) => report.fail(`no turn on this machine: ${error}`));
}

const booting = SUITES.filter(({ name, boots }) => boots && args.wants(name));
const tasks = { env, groups, report };
let obstacle = unbootable;
// First, since it also brings what a lab and the census need.
if (booting.length > 0 && !obstacle && !stop.signal.aborted) obstacle = await prepare('setup', tasks);
// Tests of microVMs say by themselves what they miss.
const vms = args.substrate !== 'apple' && booting.some(({ qemu }) => qemu) && process.arch === 'x64';
if (vms && !obstacle && !stop.signal.aborted) await prepare('qemuSetup', tasks);

for (const suite of SUITES.filter(({ boots }) => !boots)) {
  if (args.wants(suite.name)) await runStep(suite, files.get(suite.name) ?? []);
  else if (args.wants('checks')) await runStep(suite, [IMPORT_TABLE_TEST]);
}

if (booting.length > 0 && !obstacle && !stop.signal.aborted) obstacle = await prepare('image', tasks);
if (vms && !obstacle && !stop.signal.aborted) await prepare('qemuImage', tasks);
const wantsPages = booting.some(({ name }) => name === 'e2e');
const wantsWebImage = wantsPages && !obstacle && !stop.signal.aborted;
const webImage = wantsWebImage ? await prepareWebImage(tasks, args.substrate) : undefined;
const more = webImage === undefined ? {} : { [WEB_IMAGE_VARIABLE]: webImage };
for (const suite of booting) {
  if (obstacle === undefined) await runStep(suite, files.get(suite.name) ?? [], more);
  else skip(suite, obstacle);
}

if (stop.signal.aborted) report.fail(`stopped by ${stop.signal.reason}`);
process.exit(report.end());
