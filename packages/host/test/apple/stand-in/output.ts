import { writeSync } from 'node:fs';

/** Whole, though it be a pipe that is read slowly. */
export function write(fd: 1 | 2, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Bun.sleepSync(1);
    }
  }
}

export const print = (line: string): void => write(1, `${line}\n`);
export const printError = (line: string): void => write(2, `${line}\n`);
