import { expect, test } from 'bun:test';
import { getLabels } from '../labels.ts';
import { parseEndings, parseEvent, parseHolder, parseList } from './parse.ts';

const HOME = '0123456789ab';
const REF = { project: 'shop', sandbox: 'mercury' };
const ROW = {
  Id: 'f'.repeat(64),
  Names: ['cspace-shop--mercury'],
  Labels: getLabels(REF, HOME),
  State: 'running',
  Pid: 42,
  ExitCode: 0,
  StartedAt: 1_700_000_000,
  Created: 1_700_000_000,
};
const parse = (change: object) => parseList(JSON.stringify([{ ...ROW, ...change }]), HOME)[0];

test('parseList: a running machine', () =>
  expect(parse({})).toEqual({
    ref: REF,
    state: 'running',
    id: ROW.Id,
    pid: 42,
    exitCode: null,
    outOfMemory: false,
    startedAt: '2023-11-14T22:13:20.000Z',
  }));
test.each([
  ['created', 'created'],
  ['initialized', 'created'],
  ['paused', 'running'],
  ['stopping', 'stopping'],
  ['Exited', 'exited'],
  ['removing', 'exited'],
  ['no word of 4.3', 'exited'],
])('parseList: %s is %s', (state, expected) =>
  expect(parse({ State: state })?.state).toBe(expected as 'created'),
);
test('parseList: exit code only of what has ended, no pid or start where there is none', () => {
  const ended = parse({ State: 'exited', ExitCode: 137, Pid: 0, StartedAt: -62_135_596_800 });
  expect([ended?.exitCode, ended?.pid, ended?.startedAt]).toEqual([137, null, null]);
});
test('parseList leaves out what is not ours', () => {
  expect(parse({ Labels: null })).toBeUndefined();
  expect(parse({ Labels: { ...ROW.Labels, 'dev.cspace.home': 'other' } })).toBeUndefined();
});
test('parseList: nothing where nothing was printed, and throws for anything else', () => {
  expect(parseList('', HOME)).toEqual([]);
  expect(parseList('[]', HOME)).toEqual([]);
  for (const text of ['Error: no', '{}', '[{"Id":1}]', '[null]'])
    expect(() => parseList(text, HOME)).toThrow();
});

test('parseHolder compares the whole name: podman does not filter what only its storage knows', () => {
  const text = JSON.stringify([{ ...ROW, Names: ['a-b'], Labels: null, State: 'storage' }]);
  expect(parseHolder(text, 'a')).toBeUndefined();
  expect(parseHolder(text, 'a-b')).toMatchObject({ storageOnly: true, labels: {} });
});
test('parseEndings tells by id', () => {
  const entry = (id: string, killed: boolean) => ({
    Id: id,
    State: { OOMKilled: killed, FinishedAt: '2023-11-14T22:13:20.5Z' },
  });
  expect([...parseEndings(JSON.stringify([entry('a', true), entry('b', false)]))]).toEqual([
    ['a', { outOfMemory: true, finishedAtMs: 1_700_000_000_500 }],
    ['b', { outOfMemory: false, finishedAtMs: 1_700_000_000_500 }],
  ]);
});

test('parseEvent reads start, died and remove of ours', () => {
  const event = (status: string, home = HOME) =>
    parseEvent(JSON.stringify({ Status: status, Attributes: getLabels(REF, home) }), HOME)?.type;
  expect([event('start'), event('died'), event('remove')]).toEqual(['started', 'exited', 'removed']);
  expect(event('exec')).toBeUndefined();
  expect(event('start', 'other')).toBeUndefined();
});
test.each(['', 'Error', '{}', 'null', '[]', '{"Status":'])('parseEvent: nothing in "%s"', (line) =>
  expect(parseEvent(line, HOME)).toBeUndefined(),
);
