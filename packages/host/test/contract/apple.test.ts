import { describe } from 'bun:test';
import { APPLE_VERSION } from '../support/substrate-under-test.ts';
import { type AppleFixture, getReason, makeApple } from './apple-fixture.ts';
import { type AppleContract, describeOdd } from './apple-odd.ts';
import { describeSubstrate } from './substrate.ts';

let made: AppleFixture | undefined;
const contract: AppleContract = {
  ...describeSubstrate(`apple ${APPLE_VERSION}`, {
    reason: getReason(),
    slowness: 2,
    async make() {
      made = await makeApple(APPLE_VERSION);
      return made;
    },
  }),
  fixture() {
    if (!made) throw new Error('the fixture is there only while a test runs');
    return made;
  },
};

describe(`apple ${APPLE_VERSION}: its own ways`, () => describeOdd(contract));
