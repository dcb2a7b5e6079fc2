import { createConnection } from 'node:net';
import { ProblemError } from '@cspace/protocol/problem';

/** A word of the guest's is `ready` or `ok`: one that goes on is none. */
const MAX_WORD_BYTES = 64;

/** What a guest is told: some keys more than once, in order. */
export type Configuration = readonly (readonly [key: string, value: string])[];

/** `key=value` each with a NUL behind it, and an empty one at the end. */
export function encodeConfiguration(configuration: Configuration): Buffer {
  const parts = configuration.map(([key, value]) => {
    if (value.includes('\0')) throw new TypeError(`a NUL in the value of ${key}`);
    return `${key}=${value}\0`;
  });
  return Buffer.from(`${parts.join('')}\0`, 'utf8');
}

/** The guest's end of the control port. */
export interface Control {
  /** Resolved by the guest's next word, a line; undefined where there is none any more. */
  readWord(): Promise<string | undefined>;
  send(configuration: Configuration): void;
  close(): void;
}

/** Connects to QEMU's side of it, which is there once its monitor is. The guest's first word waits for us. */
export async function openControl(path: string, signal: AbortSignal): Promise<Control> {
  signal.throwIfAborted();
  const socket = createConnection({ path });
  const words: string[] = [];
  let line = '';
  let isOver = false;
  let wake = () => {};
  const end = () => {
    isOver = true;
    wake();
  };
  socket.on('data', (data: Buffer) => {
    const lines = (line + data.toString('latin1')).split('\n');
    line = lines.pop() ?? '';
    words.push(...lines);
    if (line.length > MAX_WORD_BYTES || words.length > MAX_WORD_BYTES) socket.destroy();
    wake();
  });
  socket.on('error', end);
  socket.on('close', end);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error) =>
      reject(
        new ProblemError({
          code: 'machine-failed',
          message: 'the machine has no control port',
          why: error.message,
        }),
      ),
    );
  });
  return {
    async readWord() {
      while (words.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return words.shift();
    },
    send: (configuration) => void socket.write(encodeConfiguration(configuration)),
    close: () => void socket.destroy(),
  };
}
