import { basename, dirname, join } from 'node:path';
import { ExecControl, type ExecRequest } from '@cspace/protocol/daemon-api';
import type { SandboxRef } from '@cspace/protocol/names';
import { type Problem, ProblemError } from '@cspace/protocol/problem';
import { nameFolder } from '../system/name-folder.ts';
import { getPath } from './sandbox-api.ts';

export type OnOutput = (stream: 1 | 2, bytes: Uint8Array) => Promise<void> | undefined;

export interface ExecOptions {
  socket: string;
  ref: SandboxRef;
  request: ExecRequest;
  /** 1 is stdout, 2 stderr. While a promise of its is pending the command is not asked for more. */
  onOutput: OnOutput;
  signal: AbortSignal;
}

export interface ExecSession {
  /** Bytes for the command's stdin; resolves once there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  control(message: ExecControl): void;
  /** The exit code of the command. Rejects with ProblemError. */
  readonly exited: Promise<number>;
}

/** What may wait in memory for a daemon that reads slowly, and of output for whoever takes it. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const DRAIN_POLL_MS = 5;
/** A message the daemon takes in one go; it refuses those over 4 MiB. */
const MAX_MESSAGE_BYTES = 256 * 1024;

/** Runs a command in a sandbox through the daemon. When we go, the command goes. */
export async function openExec(options: ExecOptions): Promise<ExecSession> {
  const { ref, request, onOutput } = options;
  const { socket, release } = connect(options.socket, `${getPath(ref)}/exec`);
  try {
    await waitForOpen(socket);
  } finally {
    release();
  }
  const control = (message: ExecControl) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const exited = new Promise<number>((resolve, reject) => {
    const output = createFlow(onOutput, { control, onError: reject });
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') {
        const bytes = new Uint8Array(data as ArrayBuffer);
        output.take(bytes[0] === 2 ? 2 : 1, bytes.subarray(1));
        return;
      }
      const control = ExecControl.parse(JSON.parse(data));
      if (control.type === 'exit') void output.settled().then(() => resolve(control.code));
      if (control.type === 'problem') reject(new ProblemError(control.problem));
    };
    socket.onclose = () => void output.settled().then(() => reject(new ProblemError(BROKEN)));
    options.signal.addEventListener('abort', () => {
      reject(new ProblemError({ code: 'interrupted', message: 'interrupted' }));
      socket.close();
    });
  });
  socket.send(JSON.stringify(request));
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += MAX_MESSAGE_BYTES) {
        if (socket.readyState !== WebSocket.OPEN) return;
        socket.send(bytes.subarray(at, at + MAX_MESSAGE_BYTES));
        while (socket.bufferedAmount > MAX_BUFFERED_BYTES && socket.readyState === WebSocket.OPEN) {
          await Bun.sleep(DRAIN_POLL_MS);
        }
      }
    },
    endInput: () => {
      if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array());
    },
    control,
    exited: exited.finally(() => socket.close()),
  };
}

interface FlowOptions {
  control(message: ExecControl): void;
  onError(error: unknown): void;
}

/** Hands output on, and has the command wait while whoever takes it is behind. */
function createFlow(onOutput: OnOutput, { control, onError }: FlowOptions) {
  const pending = new Set<Promise<void>>();
  let waitingBytes = 0;
  let paused = false;
  const count = (bytes: number) => {
    waitingBytes += bytes;
    const isMuch = waitingBytes > (paused ? 0 : MAX_BUFFERED_BYTES);
    if (isMuch === paused) return;
    paused = isMuch;
    control({ type: paused ? 'pause' : 'resume' });
  };
  return {
    take(stream: 1 | 2, bytes: Uint8Array) {
      const taken = onOutput(stream, bytes);
      if (!taken) return;
      count(bytes.length);
      const done = taken.catch(onError).finally(() => {
        pending.delete(done);
        count(-bytes.length);
      });
      pending.add(done);
    },
    /** Resolves when all that came has been taken. */
    async settled() {
      await Promise.all(pending);
    },
  };
}

const BROKEN: Problem = {
  code: 'daemon-unreachable',
  message: 'the connection to the daemon broke; the command was ended with it',
  fix: 'run the command again; the daemon is started anew where it is gone',
};

/** Bun does not decode what a `ws+unix:` URL holds, so an unusual path is given a usual name. */
function connect(path: string, route: string): { socket: WebSocket; release: () => void } {
  const plain = /^[\w./-]+$/.test(path) ? { folder: dirname(path), release() {} } : nameFolder(dirname(path));
  const socket = new WebSocket(`ws+unix://${join(plain.folder, basename(path))}:${route}`);
  socket.binaryType = 'arraybuffer';
  return { socket, release: plain.release };
}

function waitForOpen(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new ProblemError(BROKEN));
    socket.onclose = () => reject(new ProblemError(BROKEN));
  });
}
