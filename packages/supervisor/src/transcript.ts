import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readLines } from './lines.ts';
import type { TurnEnd } from './translate.ts';

/** What the agent is told, by Claude Code itself or by us, when it shall go on with a turn. */
export const CONTINUE = 'Continue from where you left off.';

/** What a transcript holds of a turn. */
export type TurnState =
  /** Claude Code never took the prompt in: it has to be given again. */
  | { type: 'absent' }
  /** It was answered, or stopped; only the supervisor did not hear of it. */
  | { type: 'ended'; end: TurnEnd }
  /** `continued`: it was gone on with before. Claude Code does that by itself once and never again. */
  | { type: 'cut-off'; continued: boolean };

/** A prompt of 256 KiB fits many times; a longer line is a tool's result, which ends no turn. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const INTERRUPTED = '[Request interrupted by user';
/** With these the agent was about to go on. */
const UNFINISHED = [null, undefined, 'tool_use', 'max_tokens', 'pause_turn'];

const Entry = z.looseObject({
  type: z.enum(['user', 'assistant']),
  uuid: z.string(),
  isSidechain: z.boolean().optional(),
  isApiErrorMessage: z.boolean().optional(),
  message: z.looseObject({
    content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]),
    stop_reason: z.string().nullish(),
  }),
});
type Entry = z.infer<typeof Entry>;

/**
 * The transcript of a session, in whichever project's folder: Claude Code finds it there too. Undefined where there is
 * none, or an empty one.
 */
export async function findTranscript(claudeFolder: string, session: string): Promise<string | undefined> {
  const projects = join(claudeFolder, 'projects');
  const folders = await readdir(projects).catch(() => []);
  for (const folder of folders) {
    const path = join(projects, folder, `${session}.jsonl`);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() && found.size > 0) return path;
  }
  return undefined;
}

/** Reads how far Claude Code got with a turn, in bounded memory. What cannot be read holds nothing. */
export async function readTurnState(transcript: string, turn: string): Promise<TurnState> {
  let last: Entry | undefined;
  let continued = false;
  try {
    for await (const { text } of readLines(createReadStream(transcript), MAX_LINE_BYTES)) {
      if (!last && !text.includes(turn)) continue;
      const entry = parseEntry(text);
      if (!entry || entry.isSidechain) continue;
      if (!last && (entry.type !== 'user' || entry.uuid !== turn)) continue;
      last = entry;
      if (entry.type === 'user' && getTexts(entry).includes(CONTINUE)) continued = true;
    }
  } catch {
    // Gone in between.
  }
  if (!last) return { type: 'absent' };
  const end = getEnd(last);
  return end ? { type: 'ended', end } : { type: 'cut-off', continued };
}

function getEnd(last: Entry): TurnEnd | undefined {
  const texts = getTexts(last);
  if (last.type === 'user') {
    return texts.some((text) => text.startsWith(INTERRUPTED)) ? { outcome: 'interrupted' } : undefined;
  }
  if (last.isApiErrorMessage) return { outcome: 'failed', reason: texts.join('\n') };
  // One message stands on several lines, the thoughts before the words.
  if (texts.length === 0 || UNFINISHED.includes(last.message.stop_reason)) return undefined;
  return { outcome: 'completed', reason: 'it was answered before a crash' };
}

function getTexts({ message: { content } }: Entry): string[] {
  if (typeof content === 'string') return [content];
  return content.flatMap((block) => (block.type === 'text' && block.text !== undefined ? [block.text] : []));
}

function parseEntry(line: string): Entry | undefined {
  try {
    return Entry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
