import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readLines } from './lines.ts';

/** A line holds a prompt of 256 KiB at most, escaped; what is longer is no prompt of ours. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

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

/** Whether Claude Code has taken in a prompt: then it goes on with it by itself, and else has to be given it again. */
export async function hasPrompt(transcript: string, turn: string): Promise<boolean> {
  try {
    for await (const { text } of readLines(createReadStream(transcript), MAX_LINE_BYTES)) {
      if (text.includes(turn) && isPrompt(text, turn)) return true;
    }
  } catch {
    // Gone or unreadable: the prompt is not there.
  }
  return false;
}

function isPrompt(line: string, turn: string): boolean {
  try {
    const value = JSON.parse(line) as { type?: unknown; uuid?: unknown } | null;
    return value?.type === 'user' && value.uuid === turn;
  } catch {
    return false;
  }
}
