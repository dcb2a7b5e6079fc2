import { expect, test } from 'bun:test';
import { parseVolumeFolders } from './volumes.ts';

test('parseVolumeFolders: volumes alone, never what is bound', () => {
  const Mounts = [
    { Type: 'volume', Name: 'abc', Source: '/v/abc/_data', Destination: '/workspace/node_modules' },
    { Type: 'bind', Source: '/home/ada/clone', Destination: '/workspace' },
  ];
  expect(parseVolumeFolders(JSON.stringify([{ Id: 'x', Mounts }]))).toEqual(['/v/abc/_data']);
});
test('parseVolumeFolders: none, and what is something else', () => {
  expect(parseVolumeFolders('[{"Mounts": null}]')).toEqual([]);
  expect(() => parseVolumeFolders('Error')).toThrow();
});
