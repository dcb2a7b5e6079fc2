import { afterAll, afterEach, beforeAll, describe } from 'bun:test';
import { testUnless } from '../support/test-unless.ts';
import { describeBounds } from './bounds.ts';
import type { Contract } from './contract.ts';
import { describeCreate } from './create.ts';
import { createHarness, type Fixture, type Harness } from './harness.ts';
import { describeInside } from './inside.ts';
import { describeStart } from './start.ts';
import { describeStop } from './stop.ts';

/**
 * What every substrate must do, whatever it is made of. `make` gives an implementation that is alone with its home
 * label; `reason` says why it cannot be tried here, undefined where it can. Gives the contract, for more tests.
 */
export function describeSubstrate(
  name: string,
  reason: string | undefined,
  make: () => Promise<Fixture>,
): Contract {
  let harness: Harness | undefined;
  const h = () => {
    if (!harness) throw new Error('the harness is there only while a test runs');
    return harness;
  };
  if (reason === undefined) {
    beforeAll(async () => {
      harness = createHarness(await make());
    });
    afterEach(() => h().clear());
    afterAll(() => h().dispose());
  }
  const contract = { test: testUnless(reason), h };
  describe(`${name}: create`, () => describeCreate(contract));
  describe(`${name}: start`, () => describeStart(contract));
  describe(`${name}: stop, destroy, watch`, () => describeStop(contract));
  describe(`${name}: inside`, () => describeInside(contract));
  describe(`${name}: bounds`, () => describeBounds(contract));
  return contract;
}
