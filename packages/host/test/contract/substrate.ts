import { afterAll, afterEach, beforeAll, describe } from 'bun:test';
import { testUnless } from '../support/test-unless.ts';
import { describeBounds } from './bounds.ts';
import type { Contract } from './contract.ts';
import { describeCreate } from './create.ts';
import { createHarness, type Fixture, type Harness } from './harness.ts';
import { describeInside } from './inside.ts';
import { describeStart } from './start.ts';
import { describeStop } from './stop.ts';

export interface Tried {
  /** Why it cannot be tried here; undefined where it can. */
  reason: string | undefined;
  /** As `Fixture` has it. */
  slowness: number;
  /** Gives an implementation that is alone with its home label. */
  make: () => Promise<Fixture>;
}

const TEST_TIMEOUT_MS = 60_000;

/** What every substrate must do, whatever it is made of. Gives the contract, for more tests. */
export function describeSubstrate(name: string, { reason, slowness, make }: Tried): Contract {
  const timeoutMs = TEST_TIMEOUT_MS * slowness;
  let harness: Harness | undefined;
  const h = () => {
    if (!harness) throw new Error('the harness is there only while a test runs');
    return harness;
  };
  if (reason === undefined) {
    beforeAll(async () => {
      harness = createHarness(await make());
    }, timeoutMs);
    afterEach(() => h().clear(), timeoutMs);
    afterAll(() => h().dispose(), timeoutMs);
  }
  const run = testUnless(reason);
  const contract: Contract = { test: (title, body, ms = timeoutMs) => run(title, body, ms), h };
  describe(`${name}: create`, () => describeCreate(contract));
  describe(`${name}: start`, () => describeStart(contract));
  describe(`${name}: stop, destroy, watch`, () => describeStop(contract));
  describe(`${name}: inside`, () => describeInside(contract));
  describe(`${name}: bounds`, () => describeBounds(contract));
  return contract;
}
