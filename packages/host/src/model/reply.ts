import { type Answer, sayText, useTools } from './answer.ts';
import type { Step, Turn } from './conversation.ts';
import { asksForMemory, type Directive, parseDirectives } from './directives.ts';
import { describeMemory, describePlainWords, describeSteps, LABEL } from './wording.ts';

export interface ReplyContext {
  /** Names of the tools that the client offers. */
  tools: readonly string[];
  /** Where files with relative names are written; an absolute path in the guest. */
  workspace: string;
}

/** Write refuses a file that exists and was not read in this session (Claude Code 2.1). */
const UNREAD = /has not been read yet/i;

/** Decides what the practice model answers to a conversation. Pure: the same turns give the same answer. */
export function getReply(turns: readonly Turn[], context: ReplyContext): Answer {
  const turn = turns.at(-1);
  if (!turn) return sayText(describePlainWords(''));
  if (turn.notices.length > 0) return sayText(describeNotices(turn.notices));
  if (turn.steps.length > 0) return getNextStep(turn.steps);
  const directives = parseDirectives(turn.prompt, context.workspace);
  if (directives.length > 0) return act(directives, context.tools);
  if (asksForMemory(turn.prompt)) return sayText(describeMemory(turns.slice(0, -1)));
  return sayText(describePlainWords(turn.prompt));
}

function act(directives: Directive[], offered: readonly string[]): Answer {
  const calls = directives.map(getCall);
  const missing = calls.find((call) => !offered.includes(call.name));
  if (missing) return sayText(`${LABEL} I cannot do that: this session has no tool named ${missing.name}.`);
  return useTools(calls);
}

function getCall(directive: Directive) {
  if (directive.verb === 'write') {
    return { name: 'Write', input: { file_path: directive.path, content: directive.text } };
  }
  return { name: 'Bash', input: { command: directive.command, description: 'Run what was asked for' } };
}

/** After tools were used: read what Write wants read, write again what was read for that, or tell the results. */
function getNextStep(steps: readonly Step[]): Answer {
  const refused = steps.filter((step) => step.name === 'Write' && UNREAD.test(step.result?.text ?? ''));
  const open = refused.filter((step) => steps.findLast((each) => isWriteOf(each, step)) === step);
  if (open.length === 0) return sayText(describeSteps(steps.filter((step) => isTold(step, refused))));
  const reads = steps.filter((step) => step.name === 'Read').map((step) => step.input.file_path);
  const unread = open.filter((step) => !reads.includes(step.input.file_path));
  // A file refused although it was read (an odd client) is told as a failure by describeSteps, not tried for ever.
  const again = open.filter((step) => countWrites(steps, step) < 2 && reads.includes(step.input.file_path));
  if (unread.length > 0)
    return useTools(unread.map((step) => ({ name: 'Read', input: { file_path: step.input.file_path } })));
  if (again.length > 0) return useTools(again.map((step) => ({ name: 'Write', input: step.input })));
  return sayText(describeSteps(steps.filter((step) => step.name !== 'Read')));
}

const isWriteOf = (step: Step, other: Step) =>
  step.name === 'Write' && step.input.file_path === other.input.file_path;
const countWrites = (steps: readonly Step[], step: Step) =>
  steps.filter((each) => isWriteOf(each, step)).length;
const isTold = (step: Step, refused: readonly Step[]) => step.name !== 'Read' && !refused.includes(step);

function describeNotices(notices: readonly string[]): string {
  const texts = notices.map((notice) =>
    notice
      .replace(/<[^>]{1,60}>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  return `${LABEL} a background task reported: ${texts.join('; ').slice(0, 600)}`;
}
