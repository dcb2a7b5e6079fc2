import { randomUUID } from 'node:crypto';
import type { SandboxRef } from '@cspace/protocol/names';
import { followTurn } from '../client/follow-turn.ts';
import type { SandboxApi } from '../client/sandbox-api.ts';
import type { CliContext } from './context.ts';
import { createEventPrinter } from './output/event-printer.ts';

const OUTCOME_EXIT = { completed: 0, failed: 1, interrupted: 130 } as const;

export interface SendOptions {
  client: SandboxApi;
  ref: SandboxRef;
  text: string;
  json: boolean;
}

/** Sends a turn and shows it to its end: what the agent says on stdout, the rest on stderr. The turn's outcome as exit code. */
export async function sendAndFollow(context: CliContext, options: SendOptions): Promise<number> {
  const { client, ref, text, json } = options;
  const [events, { practice }] = await Promise.all([client.events(ref).tail(), client.get(ref)]);
  const { id } = await client.send(ref, { id: randomUUID(), text });
  const print = createEventPrinter({ json, speech: context.stdout, progress: context.stderr, practice });
  const end = await followTurn({
    ref,
    turn: id,
    events,
    client,
    onEvent: print,
    signal: context.signal,
  });
  return OUTCOME_EXIT[end.outcome];
}
