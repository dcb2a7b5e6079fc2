import { randomUUID } from 'node:crypto';
import { ExecControl, ExecRequest } from '@cspace/protocol/daemon-api';
import type { SandboxRef } from '@cspace/protocol/names';
import { toProblem } from '@cspace/protocol/problem';
import type { ServerWebSocket, WebSocketHandler } from 'bun';
import type { House } from '../../sandbox/house.ts';
import { getSupervisor } from '../../sandbox/machine.ts';
import { getRecord } from '../../sandbox/view.ts';
import { BASE_ENV } from '../../system/exec.ts';
import { EXEC_MARKER } from '../../system/marked-processes.ts';
import { type Command, spawnPiped, spawnTerminal } from '../../system/spawn.ts';

/** What belongs to one `exec` connection. */
export interface ExecConnection {
  ref: SandboxRef;
  command?: Command;
  /** The value of EXEC_MARKER, by which all that the command starts is found. */
  marker: string;
  /** Signals all of it. */
  signal?: (signal: NodeJS.Signals) => Promise<void>;
  /** What came is handled in its order: input must not overtake the start of the command. */
  last: Promise<void>;
  closed: boolean;
  /** The client has enough output for now. */
  paused: boolean;
  /** The connection is over; also told when the daemon counts its open requests. */
  onClose(): void;
}

const PAUSE = formatControl({ type: 'pause' });
const RESUME = formatControl({ type: 'resume' });

type Socket = ServerWebSocket<ExecConnection>;

export function createExecConnection(ref: SandboxRef, onClose: () => void): ExecConnection {
  return { ref, marker: randomUUID(), last: Promise.resolve(), closed: false, paused: false, onClose };
}

/** `exec`: bytes, window sizes, signals and the exit code between a client and a command in a sandbox. */
export function createExecHandler(house: House): WebSocketHandler<ExecConnection> {
  return {
    // A terminal may stand still for days.
    idleTimeout: 0,
    maxPayloadLength: 4 * 1024 * 1024,
    message(socket, message) {
      // Behind input it would wait for a command that waits for just this.
      if (typeof message === 'string' && setFlow(socket, message)) return;
      socket.data.last = socket.data.last.then(() => handle(house, socket, message));
    },
    drain: (socket) => resume(socket),
    close(socket) {
      socket.data.closed = true;
      socket.data.onClose();
      endCommand(socket);
    },
  };
}

/** Whether the message was about that. */
function setFlow(socket: Socket, text: string): boolean {
  const isPause = text === PAUSE;
  if (!isPause && text !== RESUME) return false;
  socket.data.paused = isPause;
  resume(socket);
  return true;
}

function resume({ data }: Socket): void {
  if (!data.paused) data.command?.resume();
}

/** When the client goes, the command goes. */
function endCommand({ data }: Socket): void {
  if (!data.command || data.command.hasExited()) return;
  void data.signal?.('SIGKILL');
  data.command.kill();
}

async function handle(house: House, socket: Socket, message: string | Buffer): Promise<void> {
  if (socket.data.closed) return;
  try {
    if (typeof message === 'string') await handleText(house, socket, message);
    else await handleInput(socket, message);
  } catch (error) {
    send(socket, { type: 'problem', problem: toProblem(error) });
    socket.close();
  }
}

async function handleText(house: House, socket: Socket, text: string): Promise<void> {
  if (!socket.data.command) return start(house, socket, ExecRequest.parse(JSON.parse(text)));
  const control = ExecControl.parse(JSON.parse(text));
  if (control.type === 'resize') socket.data.command.resize(control.columns, control.rows);
  if (control.type === 'signal') await socket.data.signal?.(control.signal);
}

async function handleInput(socket: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) socket.data.command?.closeInput();
  else await socket.data.command?.write(bytes);
}

async function start(house: House, socket: Socket, request: ExecRequest): Promise<void> {
  const { ref, marker } = socket.data;
  const record = getRecord(house, ref);
  await getSupervisor(house, record);
  const substrate = house.substrates.get(record.substrate);
  socket.data.signal = (signal) => substrate.signalCommand(ref, marker, signal);
  const argv = substrate.execCommand(ref, request.argv, {
    tty: request.tty,
    user: request.user,
    cwd: request.cwd,
    env: { [EXEC_MARKER]: marker, ...(request.term ? { TERM: request.term } : {}) },
  });
  const options = {
    env: { ...BASE_ENV, ...substrate.execEnv, ...(request.term ? { TERM: request.term } : {}) },
    onOutput: (stream: 1 | 2, bytes: Uint8Array) => {
      const framed = new Uint8Array(bytes.length + 1);
      framed[0] = stream;
      framed.set(bytes, 1);
      // -1: it is queued, but the client is slow; `drain` says when to go on.
      return socket.sendBinary(framed) !== -1 && !socket.data.paused;
    },
    onExit: (code: number) => {
      send(socket, { type: 'exit', code });
      socket.close();
    },
  };
  socket.data.command = request.tty
    ? spawnTerminal(argv, { ...options, columns: request.columns ?? 80, rows: request.rows ?? 24 })
    : spawnPiped(argv, options);
  // It may have left while we looked for its sandbox.
  if (socket.data.closed) endCommand(socket);
}

function send(socket: Socket, control: ExecControl): void {
  socket.sendText(formatControl(control));
}

function formatControl(control: ExecControl): string {
  return JSON.stringify(control);
}
