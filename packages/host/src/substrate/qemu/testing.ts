import { createServer, type Socket } from 'node:net';

/** As the protocol's specification has it (QEMU, docs/interop/qmp-spec). */
const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": ["oob"]}}\r\n';

export interface QmpRequest {
  execute: string;
  id: number;
  arguments?: Record<string, unknown>;
}

export const sayQmp = (socket: Socket, message: unknown) => socket.write(`${JSON.stringify(message)}\r\n`);

/** A monitor that greets, and answers as it is told. `close` ends its connections too. */
export async function serveQmp(
  path: string,
  answer: (request: QmpRequest, socket: Socket) => void,
  greeting = GREETING,
) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let text = '';
    socket.write(greeting);
    socket.on('data', (data) => {
      const lines = (text + data).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const request = JSON.parse(line) as QmpRequest;
        if (request.execute === 'qmp_capabilities') sayQmp(socket, { return: {}, id: request.id });
        else answer(request, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    sockets,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
