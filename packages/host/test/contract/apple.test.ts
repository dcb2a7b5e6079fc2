import { describe } from 'bun:test';
import type { Version } from '../apple/stand-in/versions.ts';
import { APPLE_VERSION } from '../support/substrate-under-test.ts';
import { type AppleFixture, getReason, makeApple } from './apple-fixture.ts';
import { describeOdd } from './apple-odd.ts';
import { describeSubstrate } from './substrate.ts';

/** One of each shape that is supported; a Mac has but one. */
const ALL: readonly Version[] = ['1.0.0', '1.2.0', '1.2.2'];
const isOneAsked = Boolean(process.env.CSPACE_TEST_APPLE_VERSION) || process.platform === 'darwin';

for (const version of isOneAsked ? [APPLE_VERSION] : ALL)
  describe(`apple ${version}`, () => {
    let made: AppleFixture | undefined;
    const contract = describeSubstrate(`apple ${version}`, {
      reason: getReason(),
      slowness: 2,
      async make() {
        made = await makeApple(version);
        return made;
      },
    });
    const fixture = () => {
      if (!made) throw new Error('the fixture is there only while a test runs');
      return made;
    };
    describe('its own ways', () => describeOdd({ ...contract, fixture, version }));
  });
