import { afterEach, beforeEach, expect, test } from 'bun:test';
import { rm } from 'node:fs/promises';
import type { UpRequest } from '@cspace/protocol/daemon-api';
import { toProblem } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import {
  createFakeHouse,
  type FakeHouse,
  type FakeSupervisor,
  startFakeSupervisor,
} from '../../test/support/fake-house.ts';
import { createFakeSubstrate, type FakeSubstrate } from '../../test/support/fake-substrate.ts';
import { compareWithMachines, reconcile } from '../daemon/reconcile.ts';
import { makeRepository, REF, sh, useTempFolder } from '../git/testing.ts';
import { openFileJournal } from '../journal/journal.ts';
import { createKeyedLock } from '../system/keyed-lock.ts';
import { down } from './down.ts';
import type { House } from './house.ts';
import { up } from './up.ts';

const ADDRESS = '127.64.0.9';
const tempFolder = useTempFolder();
const signal = new AbortController().signal;
let fake: FakeHouse;
let house: House;
let supervisor: FakeSupervisor | undefined;
let podman: FakeSubstrate;
let qemu: FakeSubstrate;
let repository: string;

beforeEach(async () => {
  fake = await createFakeHouse();
  repository = makeRepository(tempFolder());
  const onStart = async () => {
    const tokens = await house.tokens.get(REF);
    await supervisor?.[Symbol.asyncDispose]();
    supervisor = startFakeSupervisor(ADDRESS, tokens?.supervisor ?? '');
  };
  podman = createFakeSubstrate('podman', onStart);
  qemu = createFakeSubstrate('qemu', onStart);
  const get = (kind: SubstrateKind) => (kind === 'qemu' ? qemu : podman).substrate;
  house = Object.assign(fake.house, {
    homeLabel: '0',
    ports: { http: 1, dns: 2 },
    sysctls: {},
    journal: openFileJournal(fake.house.paths, fake.house.owner),
    network: {
      gateway: '127.64.0.1',
      subnet: '127.64.0.0/24',
      ensure: async () => {},
      pickAddress: () => ADDRESS,
      attach: async () => ({}),
      detach: async () => {},
    },
    image: { ensure: async () => ({ tag: 'image', built: false }) },
    substrates: {
      get,
      list: () => [qemu.substrate, podman.substrate],
      pick: async (wanted: SubstrateKind = 'podman') => wanted,
    },
    locks: createKeyedLock(),
    now: () => new Date(),
  } as Partial<Record<keyof House, unknown>>);
});
afterEach(async () => {
  await supervisor?.[Symbol.asyncDispose]();
  supervisor = undefined;
  await fake[Symbol.asyncDispose]();
});

const report = { progress: () => {}, span: <T>(_: string, work: () => Promise<T>) => work() };
function bringUp(substrate?: SubstrateKind) {
  const request: UpRequest = {
    ...REF,
    repository,
    source: repository,
    limits: { cpus: 1, memoryMiB: 256, pids: 64 },
    network: 'nat',
    volumes: [],
    env: {},
    ...(substrate ? { substrate } : {}),
  };
  return up(house, request, report, signal);
}
const getMachines = () => [podman.machines.size, qemu.machines.size];
const problemOf = (work: Promise<unknown>) => work.then(() => undefined, toProblem);

test('up --substrate of a stopped sandbox moves it: clone and session stay, the machine is of the other kind', async () => {
  await bringUp();
  expect(getMachines()).toEqual([1, 0]);
  const clone = house.paths.clone(REF);
  sh(clone, 'commit', '--allow-empty', '-qm', 'work');
  const head = sh(clone, 'rev-parse', 'HEAD');
  await down(house, REF, signal);
  expect((await bringUp('qemu')).sandbox).toMatchObject({ substrate: 'qemu', session: 'a-session' });
  expect(getMachines()).toEqual([0, 1]);
  expect(sh(clone, 'rev-parse', 'HEAD')).toBe(head);
});

test('up of a sandbox stays with what it was made with, where nobody says otherwise', async () => {
  await bringUp('qemu');
  await down(house, REF, signal);
  expect((await bringUp()).sandbox.substrate).toBe('qemu');
  expect(getMachines()).toEqual([0, 1]);
});

test('up --substrate of a sandbox that runs with another is refused, and it runs on', async () => {
  await bringUp();
  expect(await problemOf(bringUp('qemu'))).toMatchObject({
    code: 'sandbox-busy',
    message: 'mercury runs with podman, not with qemu',
    fix: 'cspace down mercury && cspace up mercury --substrate qemu',
  });
  expect(getMachines()).toEqual([1, 0]);
  expect(await bringUp('podman')).toMatchObject({ created: false });
  expect(await bringUp()).toMatchObject({ created: false });
});

test('up --substrate that fails leaves the sandbox with what it was made with', async () => {
  await bringUp();
  await down(house, REF, signal);
  qemu.trouble = new Error('no such machine');
  expect(await problemOf(bringUp('qemu'))).toMatchObject({ message: 'unexpected: no such machine' });
  expect(house.registry.get(REF)).toMatchObject({ state: 'stopped', substrate: 'podman' });
  expect(getMachines()).toEqual([0, 0]);
  expect((await bringUp()).sandbox.substrate).toBe('podman');
});

test('up --substrate of a sandbox that exited takes the old machine away', async () => {
  await bringUp();
  const record = house.registry.get(REF);
  if (!record) throw new Error('it has no record');
  await house.registry.put({ ...record, state: 'exited' });
  expect((await bringUp('qemu')).created).toBe(true);
  expect(getMachines()).toEqual([0, 1]);
});

test('reconcile adopts the machine of the kind that the record says, and removes one of another', async () => {
  await bringUp('qemu');
  podman.machines.set('shop/mercury', { ...[...qemu.machines.values()][0], state: 'exited' } as never);
  await reconcile(house, await compareWithMachines(house, signal), signal);
  expect(house.registry.get(REF)).toMatchObject({ state: 'running', substrate: 'qemu' });
  expect(getMachines()).toEqual([0, 1]);
});

test('reconcile: a machine of another kind is not taken for the one of the record', async () => {
  await bringUp('podman');
  const [machine] = podman.machines.values();
  podman.machines.clear();
  qemu.machines.set('shop/mercury', machine as never);
  await reconcile(house, await compareWithMachines(house, signal), signal);
  expect(house.registry.get(REF)).toMatchObject({ state: 'exited' });
  expect(getMachines()).toEqual([0, 0]);
});

test('rm --force of a sandbox whose record cannot be read removes machines of every kind', async () => {
  await bringUp();
  qemu.machines.set('shop/mercury', [...podman.machines.values()][0] as never);
  await Bun.write(house.paths.record(REF), 'no record');
  const { openFileRegistry } = await import('../registry/file-registry.ts');
  house.registry = await openFileRegistry(house.paths, house.owner);
  const { remove } = await import('./remove.ts');
  await remove(house, REF, { force: true, signal });
  expect(getMachines()).toEqual([0, 0]);
  await rm(house.paths.clone(REF), { recursive: true, force: true });
});
