import { afterEach, expect, test } from 'bun:test';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { startTcpRelay } from './tcp-relay.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const getPort = (server: Server): number => (server.address() as { port: number }).port;

/** A server on 127.0.0.1; gives its port. */
async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return getPort(server);
}

/** A relay for clients that called `port`; gives its own. */
async function relay(port: number | undefined | 'own', maxConnections = 10): Promise<number> {
  const server: Server = await startTcpRelay({
    address: '127.0.0.1',
    getOriginalPort: () => (port === 'own' ? getPort(server) : port),
    maxConnections,
  });
  open.push(server);
  return getPort(server);
}

/** All that is answered to a text and the end of it, or the code of the error. */
function call(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => socket.end(text));
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

const echoAtEnd = (socket: Socket) => {
  let bytes = 0;
  socket.on('data', (data) => {
    bytes += data.length;
  });
  socket.on('end', () => socket.end(`${bytes}`));
};

test('startTcpRelay passes all on, and the end of each side by itself', async () => {
  const port = await relay(await serve(echoAtEnd));
  expect(await call(port, 'x'.repeat(3_000_000))).toBe('3000000');
});
test('startTcpRelay: a reset of the server is one for the client', async () => {
  const port = await relay(await serve((socket) => socket.once('data', () => socket.resetAndDestroy())));
  expect(await call(port, 'x')).toBe('ECONNRESET');
});
test('startTcpRelay: a server that has gone resets', async () => {
  const gone = await serve(echoAtEnd);
  open.pop()?.close();
  expect(await call(await relay(gone), 'x')).toBe('ECONNRESET');
});
test.each([undefined, 'own'] as const)('startTcpRelay resets who was not redirected (%s)', async (port) =>
  expect(await call(await relay(port), 'x')).toBe('ECONNRESET'),
);
test('startTcpRelay resets what is beyond its bound, and has room again afterwards', async () => {
  const port = await relay(await serve(echoAtEnd), 1);
  const first = connect({ host: '127.0.0.1', port });
  await new Promise<void>((resolve) => first.once('connect', resolve));
  expect(await call(port, 'x')).toBe('ECONNRESET');
  first.destroy();
  const deadline = performance.now() + 5000;
  let answer = '';
  while (answer !== '1' && performance.now() < deadline) answer = await call(port, 'x');
  expect(answer).toBe('1');
});
