import { expect, test } from 'bun:test';
import { getChanges } from '../changes.ts';
import type { Machine } from '../substrate.ts';
import type { Engine } from './engine.ts';
import { watchMachines } from './watch.ts';

const machine = (id: string, state: Machine['state']): Machine => ({
  ref: { project: 'shop', sandbox: id },
  state,
  id,
  pid: null,
  exitCode: null,
  outOfMemory: false,
  startedAt: null,
});
const by = (...machines: Machine[]) => new Map(machines.map((one) => [one.id, one]));
const types = (before: Machine[], after: Machine[]) =>
  getChanges(by(...before), by(...after)).map((event) => `${event.ref.sandbox} ${event.type}`);

test('getChanges: started, exited, removed, and nothing for what stayed', () => {
  expect(types([machine('a', 'created')], [machine('a', 'running')])).toEqual(['a started']);
  expect(types([machine('a', 'running')], [machine('a', 'exited')])).toEqual(['a exited']);
  expect(types([machine('a', 'running')], [])).toEqual(['a removed']);
  expect(types([machine('a', 'running')], [machine('a', 'running')])).toEqual([]);
  expect(types([], [machine('a', 'created')])).toEqual([]);
});

test('watchMachines survives streams that end at once, and tells what only the list shows', async () => {
  let streams = 0;
  const engine = {
    run: async () => {
      streams += 1;
      throw new Error('the stream ended');
    },
  } as unknown as Engine;
  const states = [machine('a', 'created'), machine('a', 'running'), machine('a', 'exited')];
  const events: string[] = [];
  const stop = new AbortController();
  const list = async () => [states.length > 1 ? (states.shift() as Machine) : machine('a', 'exited')];
  await watchMachines(
    (event) => {
      events.push(event.type);
      if (event.type === 'exited') stop.abort();
    },
    AbortSignal.any([stop.signal, AbortSignal.timeout(5000)]),
    { engine, homeLabel: 'x', list, pauseMs: 1 },
  );
  expect(events).toEqual(['started', 'exited']);
  expect(streams).toBeGreaterThan(1);
});
