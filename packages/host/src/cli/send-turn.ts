import { randomUUID } from 'node:crypto';
import type { SandboxRef } from '@cspace/protocol/names';
import type { DaemonClient } from '../client/daemon-client.ts';
import { followTurn, getEventsEnd } from '../client/follow-turn.ts';
import { getPaths } from '../system/paths.ts';
import type { CliContext } from './context.ts';
import { createEventPrinter } from './output/event-printer.ts';

const OUTCOME_EXIT = { completed: 0, failed: 1, interrupted: 130 } as const;

export interface SendOptions {
  client: DaemonClient;
  home: string;
  ref: SandboxRef;
  text: string;
  json: boolean;
}

/** Sends a turn and shows it to its end: what the agent says on stdout, the rest on stderr. The turn's outcome as exit code. */
export async function sendAndFollow(context: CliContext, options: SendOptions): Promise<number> {
  const { client, home, ref, text, json } = options;
  const path = getPaths(home).events(ref);
  const [fromOffset, { practice }] = await Promise.all([getEventsEnd(path), client.get(ref)]);
  const { id } = await client.send(ref, { id: randomUUID(), text });
  const print = createEventPrinter({ json, speech: context.stdout, progress: context.stderr, practice });
  const end = await followTurn({
    ref,
    turn: id,
    path,
    fromOffset,
    client,
    onEvent: print,
    signal: context.signal,
  });
  return OUTCOME_EXIT[end.outcome];
}
