import { expect, test } from 'bun:test';
import { parseEnd } from './stand-in/commands/copy.ts';
import { getConsoleText, getTail } from './stand-in/commands/logs.ts';
import { getCapabilities } from './stand-in/containers/capabilities.ts';
import { getUlimits } from './stand-in/containers/engine-argv.ts';
import { parseEnvFile } from './stand-in/containers/environment.ts';
import { parseMount, parseTmpfs, parseVolume } from './stand-in/containers/mounts.ts';
import { parseMemory, parseSize } from './stand-in/containers/sizes.ts';
import { getFullReference } from './stand-in/images/find.ts';
import { assertLab } from './stand-in/network/attach.ts';

test('parseSize: binary units, with and without `iB`', () => {
  expect(['1k', '1K', '1KiB', '2M', '3g', '7'].map(parseSize)).toEqual([
    1024, 1024, 1024, 2097152, 3221225472, 7,
  ]);
  expect(() => parseSize('1.5g')).toThrow('invalid size');
});

test('parseMemory: mebibytes where no unit is given, at least 200', () => {
  expect(parseMemory('256')).toBe(256 * 1024 ** 2);
  expect(parseMemory('200MiB')).toBe(200 * 1024 ** 2);
  expect(() => parseMemory('199m')).toThrow('200 MiB');
});

test('parseVolume: a slash makes it a path, nothing else', () => {
  expect(parseVolume('/etc:/x:ro')).toEqual({
    kind: 'virtiofs',
    source: '/etc',
    target: '/x',
    options: ['ro'],
  });
  expect(parseVolume('data:/x')).toMatchObject({ kind: 'volume', source: 'data' });
  expect(parseVolume('/only')).toMatchObject({ kind: 'volume', source: '', target: '/only' });
  expect(parseVolume('/tmp/a,b c/..:/x')).toMatchObject({ source: '/tmp' });
  for (const text of ['/etc:x', '/no/such:/x', '/etc:/x:ro:more']) expect(() => parseVolume(text)).toThrow();
});

test('parseMount: keys by all their names', () => {
  expect(parseMount('type=tmpfs,dst=/x,size=1k,mode=1777')).toEqual({
    kind: 'tmpfs',
    source: 'tmpfs',
    target: '/x',
    options: ['size=1024', 'mode=1777'],
  });
  expect(parseMount('type=bind,src=/etc,destination=/x,readonly')).toMatchObject({
    source: '/etc',
    options: ['ro'],
  });
  for (const text of ['type=x,target=/x', 'type=tmpfs,target=/x,foo=1', 'type=tmpfs,target=/x,mode=9'])
    expect(() => parseMount(text)).toThrow();
});

test('parseTmpfs: options are a part of the path', () => {
  expect(parseTmpfs('/x:size=1m')).toMatchObject({ target: '/x:size=1m', options: [] });
});

test('parseEnvFile: comments and blank lines are none, quotes stay', () => {
  expect(parseEnvFile('# a\n\nA="b"\n  # c\nB\n')).toEqual(['A="b"', 'B']);
});

test('assertLab: refuses the first network namespace of a host', () => {
  expect(() => assertLab('net:[4026531833]')).toThrow('scripts/lab');
  expect(() => assertLab('net:[4026532999]')).not.toThrow();
});

test('getCapabilities: fourteen, NET_ADMIN not among them; drops come first', () => {
  expect(getCapabilities([], [])).toHaveLength(14);
  expect(getCapabilities([], [])).not.toContain('NET_ADMIN');
  expect(getCapabilities(['CAP_NET_ADMIN'], ['all'])).toEqual(['NET_ADMIN']);
  expect(getCapabilities(['chown'], ['CHOWN'])).toContain('CHOWN');
});

test('getUlimits: those given up to what there is, the defaults for the rest', () => {
  const defaults = ['nofile=100:100', 'nproc=50:50'];
  expect(getUlimits(['nproc=10:10'], defaults)).toEqual(['nproc=10:10', 'nofile=100:100']);
  expect(getUlimits(['nofile=1000:2000'], defaults)).toEqual(['nofile=100:100', 'nproc=50:50']);
  expect(getUlimits(['nofile=1000'], [])).toEqual(['nofile=1000']);
});

test('getFullReference: as Apple keeps names', () => {
  expect(['a', 'a:1', 'b/a', 'localhost/a:1', 'r.io/a', 'r.io:5/a@sha256:1'].map(getFullReference)).toEqual([
    'docker.io/library/a:latest',
    'docker.io/library/a:1',
    'docker.io/b/a:latest',
    'localhost/a:1',
    'r.io/a:latest',
    'r.io:5/a@sha256:1',
  ]);
});

test('parseEnd: a colon before any slash is a machine’s', () => {
  expect(parseEnd('a:/b')).toEqual({ id: 'a', path: '/b' });
  expect(parseEnd('/a:b')).toEqual({ id: undefined, path: '/a:b' });
});

test('getConsoleText and getTail: lines as they were printed', () => {
  const log =
    '2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:00Z stderr P tw\n2026-01-01T00:00:00Z stderr F o\n';
  expect(getConsoleText(log)).toBe('one\ntwo\n');
  expect([getTail('a\nb\nc\n', 2), getTail('a\nb', 1), getTail('a\n', 0), getTail('a\n', undefined)]).toEqual(
    ['b\nc\n', 'b', '', 'a\n'],
  );
});
