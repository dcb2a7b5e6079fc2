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
  prompt: string;
  steps: Step[];
  /** What the assistant said, its texts in order. */
  said: string[];
  /** Claude Code's messages about background tasks, where they came after all the rest. */
  notices: string[];
}

const REMINDER = { open: '<system-reminder>', close: '</system-reminder>' };

/** Lines that Claude Code, not a person, puts in a user message. */
const ARTEFACTS = [
  '[Request interrupted by user]',
  '[Request interrupted by user for tool use]',
  'Continue from where you left off.',
];
const ARTEFACT_TAGS = ['<command-name>', '<command-message>', '<local-command-', '<bash-'];
const NOTICE_TAG = '<task-notification>';

/** The conversation of a request as turns, oldest first; the last one is to be answered. */
export function getTurns(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    if (message.role === 'system') continue;
    for (const block of getBlocks(message)) {
      if (message.role === 'user') addUserBlock(turns, block);
      else addAssistantBlock(turns, block);
    }
  }
  return turns;
}

function addUserBlock(turns: Turn[], block: ContentBlock): void {
  const turn = turns.at(-1);
  if (block.type === 'tool_result') {
    const step = turn?.steps.find((each) => each.id === block.tool_use_id);
    if (step) step.result = { text: getResultText(block), failed: block.is_error === true };
    return;
  }
  if (block.type !== 'text' || typeof block.text !== 'string') return;
  const text = stripReminders(block.text).trim();
  if (text === '' || ARTEFACTS.includes(text) || ARTEFACT_TAGS.some((tag) => text.startsWith(tag))) return;
  if (turn && text.startsWith(NOTICE_TAG)) turn.notices.push(text);
  else turns.push({ prompt: text, steps: [], said: [], notices: [] });
}

function addAssistantBlock(turns: Turn[], block: ContentBlock): void {
  const turn = turns.at(-1);
  if (!turn) return;
  turn.notices = [];
  if (block.type === 'text' && typeof block.text === 'string') turn.said.push(block.text.trim());
  if (block.type === 'tool_use' && typeof block.id === 'string' && typeof block.name === 'string') {
    turn.steps.push({ id: block.id, name: block.name, input: toRecord(block.input), result: undefined });
  }
}

/** The text of a tool's result without the reminders that Claude Code adds behind it. */
function getResultText(block: ContentBlock): string {
  if (typeof block.content === 'string') return stripReminders(block.content).trimEnd();
  if (!Array.isArray(block.content)) return '';
  const texts = block.content.map((part: unknown) => {
    const { type, text } = toRecord(part);
    return typeof text === 'string' ? stripReminders(text) : `[${String(type ?? 'unknown')}]`;
  });
  return texts
    .filter((text) => text.trim() !== '')
    .join('\n')
    .trimEnd();
}

function getBlocks(message: Message): ContentBlock[] {
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
}

const toRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

/** Cuts out every whole `<system-reminder>` element. One pass over the text: it may be megabytes long. */
export function stripReminders(text: string): string {
  let kept = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf(REMINDER.open, at);
    const end = start < 0 ? -1 : text.indexOf(REMINDER.close, start);
    if (end < 0) return kept + text.slice(at);
    kept += text.slice(at, start);
    at = end + REMINDER.close.length;
  }
}

/** How many reminders came inside user messages, and how many messages had the role `system`. */
export function countReminders(messages: readonly Message[]): { inline: number; systemMessages: number } {
  const texts = messages.flatMap((message) =>
    message.role === 'user' ? [JSON.stringify(message.content)] : [],
  );
  const inline = texts.reduce((sum, text) => sum + text.split(REMINDER.open).length - 1, 0);
  return { inline, systemMessages: messages.filter((message) => message.role === 'system').length };
}
