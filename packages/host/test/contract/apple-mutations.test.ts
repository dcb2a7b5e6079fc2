import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { bundleMutant, MUTATIONS as MUTANTS } from '../apple/mutations.ts';
import { MUTATIONS, type MutationName } from '../support/apple-mutations.ts';
import { testUnless } from '../support/test-unless.ts';
import { type AppleFixture, getStandInReason, makeApple } from './apple-fixture.ts';
import { createHarness, type Harness } from './harness.ts';

/** Says when it would end in order. */
const BOOT = 'trap "exit 7" TERM; touch /workspace/listens; sleep 1000 & wait';

/** What the life of a machine comes to: each step, and where it ends before its end, why. */
const WORKS = 'created running 5 exited 7 gone';

/** A documented behaviour made another one: what it comes to. `WORKS`: the adapter does not care. */
const EXPECTED: Record<MutationName, string | RegExp> = {
  'ls: no startedDate': WORKS,
  'ls: slashes as they are, more keys': WORKS,
  'ls: the state and networks of 0.12': WORKS,
  'ls: the attachments of before 0.12': WORKS,
  'ls: an unreadable element beside': WORKS,
  'ls: nothing at all where it is empty': WORKS,
  'ls: progress on stdout': /^! container answered something unexpected when it was to list the machines$/,
  'ls: another word for running': /^created ! the machine of contract\/mercury did not start$/,
  'ls: no gateway': /^created ! the machine of contract\/mercury did not start$/,
  'ls: an address without its prefix': /^created ! the machine of contract\/mercury did not start$/,
  'ls: no labels': /^created ! contract\/mercury has no machine$/,
  'ls: no mounts': /^created ! contract\/mercury has no machine$/,
  'inspect: not there': WORKS,
  'image inspect: no variant for arm64': /^! container answered something unexpected when it was to look at/,
  'image inspect: fails though the image is there': /^! container could not look at the image/,
  'create: done, and said to have failed': /^! container could not make the machine$/,
  'start: done, and said to have failed': WORKS,
  'start: not done, and said to be': /^created ! the machine of contract\/mercury did not start$/,
  'stop: not done, and said to be': 'created running 5 exited 137 gone',
  'stop: done, and said to have failed': WORKS,
  'kill: not done, and said to be': WORKS,
  'rm: done, and said to have failed': WORKS,
  'rm: not done, and said to be':
    /^created running 5 exited 7 ! the machine of contract\/mercury is there though/,
  'exec: its own code instead of the command’s': 'created running 1 exited 7 gone',
};

/** The same of the stand-in's own mutations; of those that are not here it does not care. */
const OF_MUTANTS: Record<string, RegExp> = {
  'a running machine is in state unknown': /^created ! the machine of contract\/mercury did not start$/,
  'a machine does not tell its gateway': /^created ! the machine of contract\/mercury did not start$/,
  'an address has no length of its network': /^created ! the machine of contract\/mercury did not start$/,
  'labels are not shown': /^created ! contract\/mercury has no machine$/,
};

const reason = getStandInReason();
let fixture: AppleFixture;
let harness: Harness;
if (reason === undefined) {
  beforeAll(async () => {
    fixture = await makeApple('1.2.2', { isMutated: true, deadlines: { network: 2000 } });
    harness = createHarness(fixture);
  }, 120_000);
  afterEach(async () => {
    fixture.mutate('');
    await harness.clear();
  }, 120_000);
  afterAll(() => harness.dispose(), 120_000);
}

async function live(): Promise<string> {
  const { substrate, signal, ref } = harness;
  const mercury = ref('mercury');
  const steps: (string | number | null | undefined)[] = [];
  try {
    steps.push((await substrate.create(harness.spec('mercury', BOOT), signal())).state);
    steps.push((await harness.start('mercury')).state);
    await harness.waitFor('it listens', () => existsSync(join(harness.workspace('mercury'), 'listens')));
    steps.push((await harness.exec('mercury', ['sh', '-c', 'exit 5'])).code);
    await substrate.stop(mercury, 5000, signal());
    const ended = await substrate.inspect(mercury, signal());
    steps.push(ended?.state, ended?.exitCode);
    await substrate.destroy(mercury, signal());
    steps.push((await substrate.list(signal())).length === 0 ? 'gone' : 'there');
  } catch (error) {
    steps.push('!', toProblem(error).message);
  }
  return steps.join(' ');
}

/** With the stand-in as it is after the mutation, and as it was again. */
async function withMutant(mutant: (typeof MUTANTS)[number], work: () => Promise<void>): Promise<void> {
  const kept = `${fixture.program}.kept`;
  copyFileSync(fixture.program, kept);
  try {
    await bundleMutant(fixture.program, mutant);
    await work();
  } finally {
    copyFileSync(kept, fixture.program);
    rmSync(kept);
  }
}

test('mutations: twenty at the least', () =>
  expect(Object.keys(MUTATIONS).length).toBeGreaterThanOrEqual(20));
for (const name of Object.keys(MUTATIONS) as MutationName[]) {
  testUnless(reason)(
    `mutation: ${name}`,
    async () => {
      fixture.mutate(name);
      expect(await live()).toMatch(EXPECTED[name]);
    },
    120_000,
  );
}

for (const mutant of MUTANTS) {
  testUnless(reason)(
    `mutant: ${mutant.name}`,
    () => withMutant(mutant, async () => expect(await live()).toMatch(OF_MUTANTS[mutant.name] ?? WORKS)),
    120_000,
  );
}
