import { describe } from 'bun:test';
import { describeEnds } from './qemu-ends.ts';
import { getReason, makeQemu, type QemuContract, type QemuFixture, SLOWNESS } from './qemu-fixture.ts';
import { describeIsolation } from './qemu-isolation.ts';
import { describeMemory } from './qemu-memory.ts';
import { describeTemplates } from './qemu-templates.ts';
import { describeSubstrate } from './substrate.ts';

let made: QemuFixture | undefined;
const contract: QemuContract = {
  ...describeSubstrate('qemu', {
    reason: await getReason(),
    slowness: SLOWNESS,
    async make() {
      made = await makeQemu();
      return made;
    },
  }),
  fixture() {
    if (!made) throw new Error('the fixture is there only while a test runs');
    return made;
  },
};

describe('qemu: isolation', () => describeIsolation(contract));
describe('qemu: ends', () => describeEnds(contract));
describe('qemu: memory', () => describeMemory(contract));
describe('qemu: templates', () => describeTemplates(contract));
