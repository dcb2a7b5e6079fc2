import type { Owner } from '../system/owner.ts';
import type { Guest } from './guest.ts';

/** Where text goes. What a terminal may show and a file may not (lines that change) depends on `isTerminal`. */
export interface Output {
  /** A promise where the reader is behind: it resolves once there is room for more. */
  write(data: string | Uint8Array): Promise<void> | undefined;
  isTerminal: boolean;
  /** On a terminal, unless NO_COLOR (no-color.org) is set. */
  colours: boolean;
  columns: number;
  rows: number;
}

export interface Input {
  isTerminal: boolean;
  /** Every byte until its end. */
  readAll(): Promise<string>;
  /** Bytes as they come; ends with the input. */
  chunks(): AsyncIterable<Uint8Array>;
  setRaw(raw: boolean): void;
}

/** Everything a command touches of the process it runs in. */
export interface CliContext {
  /** What follows the program's name. */
  argv: string[];
  stdin: Input;
  stdout: Output;
  stderr: Output;
  env: Record<string, string | undefined>;
  cwd: string;
  owner: Owner;
  /** The sandbox that we run in; undefined on a host. */
  guest: Guest | undefined;
  /** The first Ctrl-C, SIGTERM or SIGHUP; the second one ends the process at once. */
  signal: AbortSignal;
  /** Called when the terminal's size changes; returns how to stop that. */
  onResize(listener: () => void): () => void;
  /** The argv that runs this very program again: how the daemon is started. */
  self: readonly string[];
}
