import { expect, test } from 'bun:test';
import { getLabels, LABELS } from '../labels.ts';
import {
  parseContainers,
  parseImageNames,
  parseImageProgram,
  parseNetworks,
  parseOurs,
  parseVolumes,
} from './parse.ts';

const REF = { project: 'shop', sandbox: 'mercury' };
const HOME = 'aaaaaaaaaaaa';
const NETWORK = { ipv4Address: '192.168.65.3/24', ipv4Gateway: '192.168.65.1', network: 'default' };
const configuration = {
  id: 'cspace-shop--mercury',
  labels: { ...getLabels(REF, HOME), [LABELS.attempt]: 'f00d' },
  networks: [{ network: 'net-1', options: { hostname: 'cspace-shop--mercury' } }],
  mounts: [
    { destination: '/workspace', options: [], source: '/Users/me/clone', type: { virtiofs: {} } },
    { destination: '/run/cspace-orders', source: '/Users/me/machine/orders', type: { virtiofs: {} } },
  ],
};
const current = (change: object = {}) => ({
  configuration,
  id: configuration.id,
  status: { state: 'running', networks: [NETWORK], startedDate: '2026-08-17T10:00:02Z', ...change },
});
const old = (change: object = {}) => ({
  configuration,
  status: 'running',
  networks: [NETWORK],
  startedDate: 808_653_602,
  ...change,
});
/** As Swift writes it: with `\/`. */
const write = (...elements: object[]) => JSON.stringify(elements).replaceAll('/', '\\/');
const OURS = {
  name: 'cspace-shop--mercury',
  ref: REF,
  attempt: 'f00d',
  folder: '/Users/me/machine',
  state: 'running',
  networks: ['net-1'],
  network: { address: '192.168.65.3', gateway: '192.168.65.1', subnet: '192.168.65.0/24' },
  startedAt: '2026-08-17T10:00:02.000Z',
};
const only = (text: string) => parseOurs(text, HOME)[0];

test('parseOurs: the shape of 1.0 and later', () => expect(only(write(current()))).toMatchObject(OURS));
test('parseOurs: the shape of 0.12, its dates count from 2001', () =>
  expect(only(write(old()))).toMatchObject(OURS));
test('parseOurs: older still, with `address` and `gateway`', () =>
  expect(
    only(write(old({ networks: [{ address: '192.168.64.9/24', gateway: '192.168.64.1' }] })))?.network,
  ).toEqual({ address: '192.168.64.9', gateway: '192.168.64.1', subnet: '192.168.64.0/24' }));
test('parseOurs: a stopped one has no network and no date', () =>
  expect(only(write(current({ state: 'stopped', networks: [], startedDate: undefined })))).toMatchObject({
    state: 'stopped',
    network: undefined,
    startedAt: null,
  }));
test.each([['unknown'], ['paused']])('parseOurs: a state %s is unknown', (state) =>
  expect(only(write(current({ state })))?.state).toBe('unknown'),
);
test('parseOurs: of another home, of nobody, and what has another shape, are none of ours', () => {
  const other = { ...current(), configuration: { ...configuration, labels: getLabels(REF, 'bbbbbbbbbbbb') } };
  const foreign = { ...current(), configuration: { id: 'buildkit', labels: {}, mounts: [] } };
  expect(parseOurs(write(other, foreign, { id: 'odd' }, current()), HOME)).toHaveLength(1);
});
test('parseOurs: the subnet is that of the prefix', () => {
  const networks = [{ ipv4Address: '10.1.2.3/20', ipv4Gateway: '10.1.0.1' }];
  expect(only(write(current({ networks })))?.network?.subnet).toBe('10.1.0.0/20');
});
test('parseContainers: nothing printed is nothing there', () => expect(parseContainers('')).toEqual([]));
test('parseContainers: no list is an error', () => expect(() => parseContainers('{"a":1}')).toThrow());

const variant = (architecture: string, config: object) => ({
  platform: { os: 'linux', architecture },
  config: { architecture, config },
});
test('parseImageProgram: of the arm64 variant, entrypoint and command', () =>
  expect(
    parseImageProgram(
      JSON.stringify([
        {
          id: 'x',
          variants: [
            variant('unknown', {}),
            variant('amd64', { Entrypoint: ['/no'] }),
            variant('arm64', { Entrypoint: ['/usr/bin/tini', '--'], Cmd: ['run'] }),
          ],
        },
      ]),
    ),
  ).toEqual(['/usr/bin/tini', '--', 'run']));
test('parseImageProgram: an image for other processors is an error', () =>
  expect(() =>
    parseImageProgram(JSON.stringify([{ variants: [variant('amd64', { Cmd: ['sh'] })] }])),
  ).toThrow('arm64'));
test('parseImageNames: of both shapes', () =>
  expect(parseImageNames('[{"id":"1","configuration":{"name":"a:1"}},{"reference":"b:2"},{}]')).toEqual([
    'a:1',
    'b:2',
  ]));
test('parseNetworks: by name, with labels', () =>
  expect(
    parseNetworks(
      '[{"id":"default","configuration":{"labels":{}}},{"id":"n","configuration":{"labels":{"a":"b"}}}]',
    ),
  ).toEqual([
    { name: 'default', labels: {} },
    { name: 'n', labels: { a: 'b' } },
  ]));
test('parseVolumes: ours, of both shapes', () => {
  const labels = getLabels(REF, HOME);
  const list = [{ id: 'v', configuration: { name: 'v', labels } }, { name: 'w', labels }, { name: 'x' }];
  expect(parseVolumes(JSON.stringify(list), HOME)).toEqual([
    { name: 'v', ref: REF },
    { name: 'w', ref: REF },
  ]);
});
