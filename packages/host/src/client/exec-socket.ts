import { basename, dirname, join } from 'node:path';
import { ExecControl, type ExecRequest } from '@cspace/protocol/daemon-api';
import type { SandboxRef } from '@cspace/protocol/names';
import { type Problem, ProblemError } from '@cspace/protocol/problem';
import { nameFolder } from '../system/name-folder.ts';
import { getPath } from './sandbox-api.ts';

export interface ExecOptions {
  socket: string;
  ref: SandboxRef;
  request: ExecRequest;
  /** 1 is stdout, 2 stderr. */
  onOutput(stream: 1 | 2, bytes: Uint8Array): void;
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

/** What may wait in memory for a daemon that reads slowly. */
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
  const exited = new Promise<number>((resolve, reject) => {
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') {
        const bytes = new Uint8Array(data as ArrayBuffer);
        onOutput(bytes[0] === 2 ? 2 : 1, bytes.subarray(1));
        return;
      }
      const control = ExecControl.parse(JSON.parse(data));
      if (control.type === 'exit') resolve(control.code);
      if (control.type === 'problem') reject(new ProblemError(control.problem));
    };
    socket.onclose = () => reject(new ProblemError(BROKEN));
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
    control: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    exited: exited.finally(() => socket.close()),
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
