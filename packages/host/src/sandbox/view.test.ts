import { expect, test } from 'bun:test';
import { getRecord } from '../../test/support/fake-house.ts';
import type { SandboxRecord } from '../registry/record.ts';
import type { House } from './house.ts';
import { listSandboxes } from './view.ts';

/** A house with records and nothing else: whoever asks for another part of it fails. */
function createRegistryHouse(records: SandboxRecord[]): House {
  const registry = { list: () => records, listBroken: () => [], get: () => undefined };
  const refuse = (_: object, part: string | symbol) => {
    if (part === 'registry') return registry;
    throw new Error(`a list of records needs no ${String(part)}`);
  };
  return new Proxy({}, { get: refuse }) as House;
}

const records = Array.from({ length: 1000 }, (_, i) => ({
  ...getRecord(`p${i % 20}/s${i}`, '192.168.64.2'),
  state: i % 2 === 0 ? ('stopped' as const) : ('running' as const),
}));

test('listSandboxes: of a thousand records no file is read and no supervisor is asked', async () => {
  expect(await listSandboxes(createRegistryHouse(records))).toHaveLength(1000);
});

test('listSandboxes: of one project gives its own only, by age', async () => {
  const list = await listSandboxes(createRegistryHouse(records), 'p3');
  expect(list).toHaveLength(50);
  expect(new Set(list.map(({ project }) => project))).toEqual(new Set(['p3']));
});
