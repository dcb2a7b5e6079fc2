import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { connectQmp, type Qmp, type QmpEvent } from './qmp.ts';

/** As the protocol's specification has it (qemu docs/interop/qmp-spec). */
const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}\r\n';

interface Request {
  execute: string;
  id: number;
  arguments?: Record<string, unknown>;
}
type Answer = (request: Request, socket: Socket) => void;

let folder: string;
let server: Server;
let sockets: Socket[];
let answer: Answer;
let greeting: string;
const path = () => join(folder, 'qmp');
const say = (socket: Socket, message: unknown) => socket.write(`${JSON.stringify(message)}\r\n`);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-qmp-'));
  sockets = [];
  greeting = GREETING;
  answer = ({ id }, socket) => say(socket, { return: {}, id });
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    let text = '';
    socket.write(greeting);
    socket.on('data', (data) => {
      const lines = (text + data).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const request = JSON.parse(line) as Request;
        if (request.execute === 'qmp_capabilities') say(socket, { return: {}, id: request.id });
        else answer(request, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path(), resolve));
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
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
  const held: Request[] = [];
  answer = (request, socket) => {
    held.push(request);
    if (held.length < 2) return;
    for (const { id, execute } of held.reverse()) say(socket, { id, return: { of: execute } });
  };
  const qmp = await connect();
  const both = await Promise.all([qmp.execute('query-status'), qmp.execute('query-name')]);
  expect(both).toEqual([{ of: 'query-status' }, { of: 'query-name' }]);
  qmp.close();
});
test('execute passes arguments', async () => {
  answer = ({ id, arguments: args }, socket) => say(socket, { id, return: args });
  const qmp = await connect();
  expect(await qmp.execute('ringbuf-read', { device: 'console', size: 1 })).toEqual({
    device: 'console',
    size: 1,
  });
  qmp.close();
});
test('execute throws what QEMU refuses, in its words', async () => {
  answer = ({ id }, socket) => say(socket, { id, error: { class: 'GenericError', desc: 'no such device' } });
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
    if (execute === 'slow') late.push(() => say(socket, { id, return: 'late' }));
    else say(socket, { id, return: execute });
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
    say(socket, { id, return: {} });
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
  sockets[0]?.write(text);
  await qmp.closed;
  expect(qmp.isOpen()).toBe(false);
});
test('connectQmp throws where nobody greets', async () => {
  greeting = '';
  expect((await fail(connect(50)))?.code).toBe('machine-failed');
});
test('connectQmp throws where there is no socket', async () => {
  const nowhere = connectQmp({ path: join(folder, 'nothing'), timeoutMs: 50 }, AbortSignal.timeout(5000));
  expect((await fail(nowhere))?.code).toBe('machine-failed');
});
