import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { getEventLine, type NewEvent } from './event-line.ts';
import { type History, readHistory } from './history.ts';

const syncData = promisify(fdatasync);
const CHUNK_BYTES = 64 * 1024;

/**
 * `events.ndjson` of one session, only ever appended to, by one writer. It is also the queue of turns: a turn is accepted
 * when its `turn.queued` is on disk, text and all, and is done when its `turn.ended` is. A second file would have to be
 * kept in step with this one across crashes, and could disagree with it.
 */
export interface EventLog {
  readonly path: string;
  /** What the file held when it was opened. */
  readonly history: History;
  /** Number of the last event. */
  readonly seq: number;
  /** Writes one line with one write. Throws the system's error; nothing of the line is left then. */
  append(event: NewEvent, at?: Date): number;
  /** Resolves when all that was appended before the call is on disk (fdatasync). */
  sync(): Promise<void>;
  /** Calls back after every append; returns what ends that. */
  onAppend(listener: () => void): () => void;
  close(): void;
}

export interface EventLogOptions {
  /** Stands in for write(2) in tests of a full disk. */
  write?: (file: number, line: Buffer) => number;
}

/**
 * Opens the log, cuts a torn last line, and reads the rest back. What stands there and is no regular file (the agent can
 * put a link or a FIFO there) is moved aside, never followed.
 */
export async function openEventLog(path: string, options: EventLogOptions = {}): Promise<EventLog> {
  const file = openRegular(path);
  try {
    cutTornLine(file);
    const history = await readHistory(path);
    return createLog({ path, file, history, write: options.write ?? writeSync });
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

interface Parts {
  path: string;
  file: number;
  history: History;
  write: (file: number, line: Buffer) => number;
}

function createLog({ path, file, history, write }: Parts): EventLog {
  let seq = history.seq;
  let size = fstatSync(file).size;
  const listeners = new Set<() => void>();
  return {
    path,
    history,
    get seq() {
      return seq;
    },
    append(event, at = new Date()) {
      const line = getEventLine(event, seq + 1, at.toISOString());
      // What a failed write left, where it could not be cut off then either.
      if (fstatSync(file).size > size) ftruncateSync(file, size);
      try {
        const written = write(file, line);
        if (written !== line.length)
          throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      } catch (error) {
        tryTruncate(file, size);
        throw error;
      }
      size += line.length;
      seq += 1;
      for (const listener of listeners) listener();
      return seq;
    },
    sync: createGroupSync(() => syncData(file)),
    onAppend(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => closeSync(file),
  };
}

/** Many wait for one sync: the calls that come while one runs share the next. */
function createGroupSync(sync: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    next = undefined;
    const current = sync().finally(() => {
      if (running === current) running = undefined;
    });
    running = current;
    return current;
  };
  return () => {
    if (!running) return start();
    next ??= running.then(start, start);
    return next;
  };
}

function openRegular(path: string): number {
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants;
  const open = () => openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
  let file: number | undefined;
  try {
    file = open();
    if (fstatSync(file).isFile()) return file;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ELOOP' && code !== 'EISDIR' && code !== 'ENXIO') throw error;
  }
  if (file !== undefined) closeSync(file);
  renameSync(path, `${path}.not-a-file-${Date.now()}`);
  file = open();
  syncFolder(dirname(path));
  return file;
}

/** A new file's name has to be on disk as well. */
function syncFolder(path: string): void {
  const folder = openSync(path, constants.O_RDONLY);
  fsyncSync(folder);
  closeSync(folder);
}

/** Cuts what follows the last newline: it was never acknowledged. */
function cutTornLine(file: number): void {
  const { size } = fstatSync(file);
  const buffer = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const length = readSync(file, buffer, 0, end - start, start);
    const newline = buffer.subarray(0, length).lastIndexOf(10);
    if (newline !== -1) {
      if (start + newline + 1 < size) ftruncateSync(file, start + newline + 1);
      return;
    }
    end = start;
  }
  if (size > 0) ftruncateSync(file, 0);
}

function tryTruncate(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch {
    // The next append tries again before it writes.
  }
}
