import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeConfiguration, openControl } from './control.ts';

test('encodeConfiguration: keys in order, some twice, an empty string at the end', () => {
  const bytes = encodeConfiguration([
    ['hostname', 'mercury'],
    ['env', 'A=b c'],
    ['env', 'B='],
    ['hostkey', 'line\nline\n'],
  ]);
  expect(bytes.toString()).toBe('hostname=mercury\0env=A=b c\0env=B=\0hostkey=line\nline\n\0\0');
});
test('encodeConfiguration: a NUL would be the end of a value, and is refused', () =>
  expect(() => encodeConfiguration([['env', 'A=\0B']])).toThrow('NUL'));

describe('openControl', () => {
  let folder: string;
  let server: Server;
  let guest: Promise<Socket>;
  const path = () => join(folder, 'control');
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cspace-control-'));
    guest = new Promise((resolve) => {
      server = createServer(resolve);
    });
    await new Promise<void>((resolve) => server.listen(path(), resolve));
  });
  afterEach(async () => {
    (await guest).destroy();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const open = () => openControl(path(), AbortSignal.timeout(5000));

  test('openControl: words as they come, whole', async () => {
    const control = await open();
    const side = await guest;
    side.write('rea');
    setTimeout(() => side.write('dy\no'), 10);
    expect(await control.readWord()).toBe('ready');
    side.write('k\n');
    expect(await control.readWord()).toBe('ok');
    control.close();
  });
  test('openControl: what is sent arrives whole', async () => {
    const control = await open();
    const side = await guest;
    const got = new Promise<Buffer>((resolve) => side.once('data', resolve));
    control.send([['hostname', 'mercury']]);
    expect((await got).toString()).toBe('hostname=mercury\0\0');
    control.close();
  });
  test('openControl: a guest that goes on and on is cut off', async () => {
    const control = await open();
    (await guest).write('x'.repeat(100_000));
    expect(await control.readWord()).toBeUndefined();
  });
  test('openControl: no word comes from a guest that is gone', async () => {
    const control = await open();
    (await guest).destroy();
    expect(await control.readWord()).toBeUndefined();
  });
});
