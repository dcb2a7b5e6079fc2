import { type FSWatcher, watch } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MAX_EVENT_BYTES, parseEvent, type SandboxEvent } from '@cspace/protocol/event';
import { openRegularFile } from '../system/files.ts';

export interface ReadOptions {
  /** Events up to this `seq` are left out. */
  after?: number;
  /** Bytes at the start that are not read; has to be the start of a line. */
  fromOffset?: number;
  /** Go on at the end until the signal. */
  follow: boolean;
  signal?: AbortSignal;
}

/** inotify misses nothing on a local folder, but a file system may lack it: look again this often anyway. */
const POLL_MS = 250;
const CHUNK_BYTES = 256 * 1024;

/**
 * The events of a session as they stand on the host, claims of the guest: lines that are no event are left out, longer
 * ones than the protocol allows are skipped in bounded memory, anything but a regular file counts as no events.
 */
export async function* readEvents(path: string, options: ReadOptions): AsyncGenerator<SandboxEvent> {
  const changes = options.follow ? watchFolder(dirname(path), options.signal) : undefined;
  const lines = new LineSplitter(MAX_EVENT_BYTES);
  let offset = options.fromOffset ?? 0;
  let file: FileHandle | undefined;
  try {
    while (!options.signal?.aborted) {
      file ??= await openRegularFile(path);
      const chunk = file && (await readChunk(file, offset));
      if (chunk) {
        offset += chunk.length;
        for (const line of lines.push(chunk)) {
          const event = parseEvent(line);
          if (event && event.seq > (options.after ?? 0)) yield event;
        }
      } else if (!changes) {
        return;
      } else {
        await changes.next();
      }
    }
  } finally {
    changes?.close();
    await file?.close();
  }
}

async function readChunk(file: FileHandle, offset: number): Promise<Buffer | undefined> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset);
  return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
}

/** Resolves `next` when something in the folder changed since the last call, or after POLL_MS. */
function watchFolder(folder: string, signal: AbortSignal | undefined) {
  let dirty = false;
  let wake = () => {};
  const notify = () => {
    dirty = true;
    wake();
  };
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(folder, notify);
    watcher.on('error', () => watcher?.close());
  } catch {
    // The folder may not exist yet, or inotify may be used up: polling alone still works.
  }
  signal?.addEventListener('abort', notify);
  return {
    async next() {
      if (!dirty) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, POLL_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      dirty = false;
    },
    close() {
      watcher?.close();
      signal?.removeEventListener('abort', notify);
    },
  };
}

/** Cuts a byte stream into lines and drops those over a size without keeping them. */
class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #skipping = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#add(chunk.subarray(start, end));
      if (!this.#skipping) yield Buffer.concat(this.#parts).toString('utf8');
      this.#reset();
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
  }

  #add(part: Buffer) {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) {
      this.#parts = [];
      this.#skipping = true;
    } else if (part.length > 0) {
      this.#parts.push(Buffer.from(part));
    }
  }

  #reset() {
    this.#parts = [];
    this.#bytes = 0;
    this.#skipping = false;
  }
}
