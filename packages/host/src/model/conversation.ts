import { getNotice, isArtefact, isSummary, stripReminders } from './artefacts.ts';
import type { ContentBlock, Message } from './request.ts';

/** One use of a tool and what came of it. */
export interface Step {
  id: string;
  name: string;
  input: Record<string, unknown>;
  /** Undefined where no result came back. */
  result: StepResult | undefined;
}

export interface StepResult {
  text: string;
  failed: boolean;
}

/** What a person asked and all that followed until the next thing asked. */
export interface Turn {
  /** `summary`: what Claude Code put in the place of a compacted conversation. */
  kind: 'asked' | 'summary';
  prompt: string;
  steps: Step[];
  /** What the assistant said, its texts in order. */
  said: string[];
  /** What background tasks reported since the assistant's last word. */
  notices: string[];
  /** Results came since the assistant's last word. */
  hasNewResults: boolean;
}

/** The conversation of a request as turns, oldest first; the last one is to be answered. */
export function getTurns(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  const steps = new Map<string, { step: Step; turn: Turn }>();
  for (const message of messages) {
    for (const block of getBlocks(message)) {
      if (message.role === 'assistant') addAssistantBlock(block, turns.at(-1), steps);
      else if (block.type === 'tool_result') addResult(block, steps);
      else if (typeof block.text === 'string') addText(block.text, message.role, turns);
    }
  }
  return turns;
}

function addAssistantBlock(
  block: ContentBlock,
  turn: Turn | undefined,
  steps: Map<string, { step: Step; turn: Turn }>,
): void {
  if (!turn) return;
  turn.notices = [];
  turn.hasNewResults = false;
  if (block.type === 'text' && typeof block.text === 'string') turn.said.push(block.text.trim());
  if (block.type === 'tool_use' && typeof block.id === 'string' && typeof block.name === 'string') {
    const step = { id: block.id, name: block.name, input: toRecord(block.input), result: undefined };
    turn.steps.push(step);
    steps.set(step.id, { step, turn });
  }
}

function addResult(block: ContentBlock, steps: Map<string, { step: Step; turn: Turn }>): void {
  const found = typeof block.tool_use_id === 'string' ? steps.get(block.tool_use_id) : undefined;
  if (!found) return;
  found.step.result = { text: getResultText(block), failed: block.is_error === true };
  found.turn.hasNewResults = true;
}

function addText(raw: string, role: 'user' | 'system', turns: Turn[]): void {
  const notice = getNotice(raw, role);
  if (notice !== undefined) turns.at(-1)?.notices.push(notice);
  if (notice !== undefined || role === 'system') return;
  const prompt = stripReminders(raw).trim();
  if (isArtefact(prompt)) return;
  const kind = isSummary(prompt) ? 'summary' : 'asked';
  turns.push({ kind, prompt, steps: [], said: [], notices: [], hasNewResults: false });
}

/** The text of a tool's result without the reminders that Claude Code adds behind it. */
function getResultText(block: ContentBlock): string {
  if (typeof block.content === 'string') return stripReminders(block.content).trimEnd();
  if (!Array.isArray(block.content)) return '';
  const texts = block.content.map((part: unknown) => {
    const { type, text } = toRecord(part);
    return typeof text === 'string'
      ? stripReminders(text).trimEnd()
      : `[${typeof type === 'string' ? type : 'unknown'}]`;
  });
  return texts.filter((text) => text.trim() !== '').join('\n');
}

function getBlocks(message: Message): ContentBlock[] {
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
}

const toRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
