import { posix } from 'node:path';

/** A thing that the practice model was asked to do. */
export type Directive = { verb: 'run'; command: string } | { verb: 'write'; path: string; text: string };

const RUN = /^[ \t]*(?:please[ \t]+)?run:(.*)$/i;
const WRITE = /^[ \t]*(?:please[ \t]+)?write[ \t]+([^\s:][^:]*):(.*)$/i;

/**
 * Reads `run: COMMAND` and `write FILE: TEXT`, each at the start of a line; what follows belongs to it up to the next
 * such line. A FILE that is not absolute is in `workspace`; a written text ends in a newline.
 */
export function parseDirectives(prompt: string, workspace: string): Directive[] {
  const found: { path: string | undefined; lines: string[] }[] = [];
  for (const line of prompt.split('\n')) {
    const run = RUN.exec(line);
    const write = run ? null : WRITE.exec(line);
    if (run) found.push({ path: undefined, lines: [run[1] ?? ''] });
    else if (write) found.push({ path: (write[1] ?? '').trim(), lines: [write[2] ?? ''] });
    else found.at(-1)?.lines.push(line);
  }
  return found.flatMap(({ path, lines }): Directive[] => {
    const text = lines.join('\n').trim();
    if (path !== undefined)
      return [{ verb: 'write', path: posix.resolve(workspace, path), text: `${text}\n` }];
    return text === '' ? [] : [{ verb: 'run', command: text }];
  });
}

const ASKED = /\bwhat\s+(?:did|have|had|was|were)\s+(?:i|we|my)\b/i;
const SPOKEN =
  /\b(?:ask|asked|say|said|tell|told|write|wrote|talk|talked|talking|prompts?|questions?|conversation)\b/i;
const EARLIER = /\b(?:before|earlier|previous|previously|so far|until now|first|last|just)\b/i;
const REMEMBER = /\b(?:do|can) you (?:still )?(?:remember|recall)\b/i;

/** Whether a prompt asks for what was said before. */
export function asksForMemory(prompt: string): boolean {
  if (REMEMBER.test(prompt)) return true;
  return SPOKEN.test(prompt) && (ASKED.test(prompt) || (EARLIER.test(prompt) && /\bwhat\b/i.test(prompt)));
}
