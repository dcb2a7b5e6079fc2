import type { KeyedLock } from '../../system/keyed-lock.ts';
import type { Deadlines } from './deadlines.ts';
import type { Engine } from './engine.ts';
import type { Reader } from './reader.ts';

/** What the verbs share. */
export interface Context {
  engine: Engine;
  reader: Reader;
  deadlines: Deadlines;
  homeLabel: string;
  /** By project: held while its network is made or taken away. */
  locks: KeyedLock;
}
