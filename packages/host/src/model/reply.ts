import { type Answer, sayText, useTools } from './answer.ts';
import { asksForSummary } from './artefacts.ts';
import type { Step, Turn } from './conversation.ts';
import { asksForMemory, type Directive, parseDirectives } from './directives.ts';
import { describeMemory, describeNotices, describePlainWords, describeSteps, LABEL } from './wording.ts';

export interface ReplyContext {
  /** Names of the tools that the client offers. */
  tools: readonly string[];
  /** Where files with relative names are written; an absolute path in the guest. */
  workspace: string;
}

/** For some models Claude Code's Write refuses a file that is there and was not read in this session. */
const UNREAD = /has not been read yet/i;

/** An answer must not grow far beyond its question: whoever asks may be hostile. */
const MAX_AT_ONCE = 20;

/** Decides what the practice model answers to a conversation. Pure: the same turns give the same answer. */
export function getReply(turns: readonly Turn[], context: ReplyContext): Answer {
  const turn = turns.at(-1);
  if (!turn) return sayText(describePlainWords(''));
  if (turn.notices.length > 0 && !turn.hasNewResults) return sayText(describeNotices(turn.notices));
  if (turn.steps.length > 0) return getNextStep(turn.steps);
  if (turn.kind === 'summary') return sayText(`${LABEL} I go on from the summary.`);
  if (asksForSummary(turn.prompt)) return sayText(describeMemory(turns.slice(0, -1)));
  const directives = parseDirectives(turn.prompt, context.workspace);
  if (directives.length > 0) return act(directives, context.tools);
  if (asksForMemory(turn.prompt)) return sayText(describeMemory(turns.slice(0, -1)));
  return sayText(describePlainWords(turn.prompt));
}

function act(directives: readonly Directive[], offered: readonly string[]): Answer {
  if (directives.length > MAX_AT_ONCE) {
    return sayText(`${LABEL} that is ${directives.length} things at once; I do at most ${MAX_AT_ONCE}.`);
  }
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

/** After tools were used: read what Write wants read, then write it once more, then tell what came of it all. */
function getNextStep(steps: readonly Step[]): Answer {
  const reads = new Set(steps.filter((step) => step.name === 'Read').map((step) => step.input.file_path));
  const writes = Map.groupBy(
    steps.filter((step) => step.name === 'Write'),
    (step) => JSON.stringify(step.input),
  );
  const refused = [...writes.values()].flatMap((tries) => tries.slice(0, 1).filter(isRefused));
  const unread = refused.filter((step) => !reads.has(step.input.file_path));
  if (unread.length > 0) {
    return useTools(unread.map(({ input }) => ({ name: 'Read', input: { file_path: input.file_path } })));
  }
  const waiting = refused.filter((step) => writes.get(JSON.stringify(step.input))?.length === 1);
  if (waiting.length > 0) return useTools(waiting.map(({ input }) => ({ name: 'Write', input })));
  const hidden = new Set(refused);
  return sayText(describeSteps(steps.filter((step) => step.name !== 'Read' && !hidden.has(step))));
}

const isRefused = (step: Step) => step.result?.failed === true && UNREAD.test(step.result.text);
