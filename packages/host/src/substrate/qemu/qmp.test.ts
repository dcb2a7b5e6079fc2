import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { connectQmp, type Qmp, type QmpEvent } from './qmp.ts';
import { type QmpRequest, sayQmp, serveQmp } from './testing.ts';

type Answer = (request: QmpRequest, socket: Socket) => void;

let folder: string;
let server: Awaited<ReturnType<typeof serveQmp>>;
let answer: Answer;
const path = () => join(folder, 'qmp');
const serve = async (greeting?: string) => {
  server = await serveQmp(path(), (request, socket) => answer(request, socket), greeting);
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-qmp-'));
  answer = ({ id }, socket) => sayQmp(socket, { return: {}, id });
  await serve();
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const events: QmpEvent[] = [];
function connect(timeoutMs = 5000): Promise<Qmp> {
  events.length = 0;
  return connectQmp(
    { path: path(), timeoutMs, onEvent: (event) => events.push(event) },
    AbortSignal.timeout(10_000),
  );
}
const fail = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => toProblem(error),
  );

test('execute gives what is returned, by its id, whatever the order', async () => {
  const held: QmpRequest[] = [];
  answer = (request, socket) => {
    held.push(request);
    if (held.length < 2) return;
    for (const { id, execute } of held.reverse()) sayQmp(socket, { id, return: { of: execute } });
  };
  const qmp = await connect();
  const both = await Promise.all([qmp.execute('query-status'), qmp.execute('query-name')]);
  expect(both).toEqual([{ of: 'query-status' }, { of: 'query-name' }]);
  qmp.close();
});
test('execute passes arguments', async () => {
  answer = ({ id, arguments: args }, socket) => sayQmp(socket, { id, return: args });
  const qmp = await connect();
  expect(await qmp.execute('ringbuf-read', { device: 'console', size: 1 })).toEqual({
    device: 'console',
    size: 1,
  });
  qmp.close();
});
test('execute throws what QEMU refuses, in its words', async () => {
  answer = ({ id }, socket) =>
    sayQmp(socket, { id, error: { class: 'GenericError', desc: 'no such device' } });
  const qmp = await connect();
  expect(await fail(qmp.execute('device_add'))).toMatchObject({
    code: 'machine-failed',
    why: 'no such device',
  });
  qmp.close();
});
test('execute throws where no answer comes, and a late one is nobody else’s', async () => {
  const late: (() => void)[] = [];
  answer = ({ id, execute }, socket) => {
    if (execute === 'slow') late.push(() => sayQmp(socket, { id, return: 'late' }));
    else sayQmp(socket, { id, return: execute });
  };
  const qmp = await connect(50);
  expect((await fail(qmp.execute('slow')))?.why).toContain('no answer within 50 ms');
  late[0]?.();
  expect(await qmp.execute('quick')).toBe('quick');
  qmp.close();
});
test('execute throws where QEMU goes, and afterwards', async () => {
  answer = (_, socket) => void socket.destroy();
  const qmp = await connect();
  expect((await fail(qmp.execute('quit')))?.code).toBe('machine-failed');
  await qmp.closed;
  expect(qmp.isOpen()).toBe(false);
  expect((await fail(qmp.execute('query-status')))?.code).toBe('machine-failed');
});
test('events come beside answers, also in pieces', async () => {
  answer = async ({ id }, socket) => {
    const event = JSON.stringify({ event: 'SHUTDOWN', data: { guest: true }, timestamp: { seconds: 1 } });
    socket.write(event.slice(0, 9));
    await Bun.sleep(5);
    socket.write(`${event.slice(9)}\r\n`);
    sayQmp(socket, { id, return: {} });
  };
  const qmp = await connect();
  await qmp.execute('query-status');
  expect(events).toEqual([expect.objectContaining({ event: 'SHUTDOWN', data: { guest: true } })]);
  qmp.close();
});
test.each([
  ['what is no message', 'not json\n'],
  ['a message of another protocol', '{"jsonrpc": 2}\n'],
  ['a line without end', 'x'.repeat(1_100_000)],
])('connectQmp ends at %s', async (_, text) => {
  const qmp = await connect();
  for (const socket of server.sockets) socket.write(text);
  await qmp.closed;
  expect(qmp.isOpen()).toBe(false);
});
test('connectQmp throws where nobody greets', async () => {
  server.close();
  await serve('');
  expect((await fail(connect(50)))?.code).toBe('machine-failed');
});
test('connectQmp throws where there is no socket', async () => {
  const nowhere = connectQmp({ path: join(folder, 'nothing'), timeoutMs: 50 }, AbortSignal.timeout(5000));
  expect((await fail(nowhere))?.code).toBe('machine-failed');
});
