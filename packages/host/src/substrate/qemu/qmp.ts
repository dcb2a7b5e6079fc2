import { createConnection, type Socket } from 'node:net';
import { ProblemError } from '@cspace/protocol/problem';
import { z } from 'zod';

/** `ringbuf-read` of a whole console in base64 is the longest that we ask for. */
const MAX_LINE_BYTES = 1024 * 1024;

const Message = z.union([
  z.object({ QMP: z.unknown() }).transform(() => ({ kind: 'greeting' as const })),
  z
    .object({ event: z.string(), data: z.record(z.string(), z.unknown()).optional() })
    .transform(({ event, data = {} }) => ({ kind: 'event' as const, event, data })),
  z
    .object({ id: z.number().optional(), error: z.object({ desc: z.string() }) })
    .transform(({ id, error }) => ({ kind: 'error' as const, id, why: error.desc })),
  z
    .object({ id: z.number().optional(), return: z.unknown() })
    .transform((message) => ({ kind: 'return' as const, id: message.id, value: message.return })),
]);
type Message = z.infer<typeof Message>;

/** One line of QEMU's (qmp-spec): the program may have been taken over by its guest. Throws where it is none. */
export function parseMessage(line: string): Message {
  return Message.parse(JSON.parse(line));
}

export interface QmpEvent {
  event: string;
  data: Record<string, unknown>;
}

export interface QmpOptions {
  /** Of the unix socket. */
  path: string;
  /** Of each command. */
  timeoutMs: number;
  onEvent?: (event: QmpEvent) => void;
}

/** A connection to QEMU's monitor, which serves one at a time. */
export interface Qmp {
  /** Gives what it returns. Throws `machine-failed` where QEMU refuses, says nothing in time, or is gone. */
  execute(command: string, args?: Record<string, unknown>): Promise<unknown>;
  isOpen(): boolean;
  /** Resolved when the connection has ended, by whoever. */
  readonly closed: Promise<void>;
  close(): void;
}

interface Waiting {
  command: string;
  resolve: (value: unknown) => void;
  reject: (error: ProblemError) => void;
  timer: NodeJS.Timeout;
}

/** Connects and leaves the negotiation mode. Throws `machine-failed` where there is no monitor, or it does not greet. */
export async function connectQmp(options: QmpOptions, signal: AbortSignal): Promise<Qmp> {
  const { path, timeoutMs, onEvent = () => undefined } = options;
  signal.throwIfAborted();
  const socket = createConnection({ path });
  const waiting = new Map<number, Waiting>();
  let next = 1;
  let isOpen = true;
  let greet = () => {};
  const greeting = new Promise<void>((resolve) => {
    greet = resolve;
  });
  const closed = new Promise<void>((resolve) => {
    const end = (why: string) => {
      if (!isOpen) return;
      isOpen = false;
      socket.destroy();
      for (const { command, reject, timer } of waiting.values()) {
        clearTimeout(timer);
        reject(getProblem(command, why));
      }
      waiting.clear();
      resolve();
    };
    socket.once('error', (error) => end(error.message));
    socket.once('close', () => end('the connection was closed'));
    readLines(socket, (line) => {
      try {
        receive(parseMessage(line));
      } catch {
        end('it sent what is no message of its protocol');
      }
    });
  });

  function receive(message: Message): void {
    if (message.kind === 'greeting') greet();
    else if (message.kind === 'event') onEvent(message);
    else if (message.id !== undefined) settle(message.id, message);
  }

  function settle(id: number, message: Extract<Message, { kind: 'return' | 'error' }>): void {
    const asked = waiting.get(id);
    if (!asked) return;
    waiting.delete(id);
    clearTimeout(asked.timer);
    if (message.kind === 'return') asked.resolve(message.value);
    else asked.reject(getProblem(asked.command, message.why));
  }

  function execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    if (!isOpen) return Promise.reject(getProblem(command, 'the connection was closed'));
    const id = next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(getProblem(command, `no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.set(id, { command, resolve, reject, timer });
      socket.write(`${JSON.stringify({ execute: command, ...(args ? { arguments: args } : {}), id })}\n`);
    });
  }

  const qmp: Qmp = { execute, isOpen: () => isOpen, closed, close: () => void socket.destroy() };
  const late = setTimeout(() => socket.destroy(), timeoutMs);
  const onAbort = () => void socket.destroy();
  signal.addEventListener('abort', onAbort);
  try {
    await Promise.race([greeting, closed]);
    signal.throwIfAborted();
    await execute('qmp_capabilities');
    return qmp;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', onAbort);
  }
}

/** A line that never ends is the end of the connection. */
function readLines(socket: Socket, onLine: (line: string) => void): void {
  let parts: Buffer[] = [];
  let length = 0;
  socket.on('data', (data: Buffer) => {
    let rest = data;
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      onLine(Buffer.concat([...parts, rest.subarray(0, at)]).toString('utf8'));
      [parts, length] = [[], 0];
      rest = rest.subarray(at + 1);
    }
    parts.push(rest);
    length += rest.length;
    if (length > MAX_LINE_BYTES) socket.destroy(new Error('it sent a line without end'));
  });
}

function getProblem(command: string, why: string): ProblemError {
  return new ProblemError({ code: 'machine-failed', message: `QEMU did not do ${command}`, why });
}
