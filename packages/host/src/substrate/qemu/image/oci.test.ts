import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import { getRootKey, parseInspected } from './oci.ts';

const IMAGE = {
  Id: 'd3e04170',
  User: '',
  Config: {
    Env: ['LANG=C.UTF-8', 'OPTIONS=a=b', 'EMPTY='],
    Entrypoint: ['/usr/bin/tini', '--'],
    Cmd: ['cspace-supervisor'],
    WorkingDir: '/workspace',
  },
  RootFS: { Type: 'layers', Layers: ['sha256:1', 'sha256:2'] },
};
const parse = (change: object = {}) => parseInspected(JSON.stringify([{ ...IMAGE, ...change }]));

test('parseInspected reads what podman prints', () =>
  expect(parse()).toEqual({
    id: 'd3e04170',
    layers: ['sha256:1', 'sha256:2'],
    entrypoint: ['/usr/bin/tini', '--'],
    cmd: ['cspace-supervisor'],
    env: { LANG: 'C.UTF-8', OPTIONS: 'a=b', EMPTY: '' },
    workdir: '/workspace',
    user: '',
    standby: false,
  }));
test('parseInspected: the label of an image whose first program can stand by', () => {
  const label = (value: string) => parse({ Config: { Labels: { 'dev.cspace.standby': value } } }).standby;
  expect([label('1'), label('0')]).toEqual([true, false]);
});
test.each([
  ['nothing', {}],
  ['null', { Entrypoint: null, Cmd: null, Env: null, WorkingDir: '' }],
])('parseInspected: %s set is an empty command in the top folder', (_, Config) =>
  expect(parse({ Config })).toMatchObject({ entrypoint: [], cmd: [], env: {}, workdir: '/' }),
);
test.each(['', '[]', '[{}]', 'Error: no such image'])('parseInspected: %p is image-build-failed', (text) => {
  let thrown: unknown;
  try {
    parseInspected(text);
  } catch (error) {
    thrown = error;
  }
  expect(toProblem(thrown).code).toBe('image-build-failed');
});

test('getRootKey: the same for the same layers, another for other layers, their order, or another format', () => {
  const keys = [
    getRootKey(['a', 'b'], ['-zlz4']),
    getRootKey(['b', 'a'], ['-zlz4']),
    getRootKey(['a'], ['-zlz4']),
    getRootKey(['a', 'b'], ['-zlz4hc']),
    getRootKey(['a', 'b'], []),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(getRootKey(['a', 'b'], ['-zlz4'])).toBe(keys[0] ?? '');
  expect(keys[0]).toMatch(/^[0-9a-f]{12}$/);
});
