import type { Message } from './request.ts';

/*
 * What Claude Code itself writes into user messages (2.1.330, seen on the wire). None of it is a person's word.
 */

const REMINDER = { open: '<system-reminder>', close: '</system-reminder>' };
const NOTICE = { open: '<task-notification>', close: '</task-notification>' };

const WHOLE = new Set([
  '[Request interrupted by user]',
  '[Request interrupted by user for tool use]',
  'Continue from where you left off.',
]);
const BEGINNINGS = [
  '<command-name>',
  '<command-message>',
  '<local-command-',
  '<bash-',
  'Output token limit hit.',
  'Your response above was stopped by a safety classifier',
];
const SUMMARY = 'This session is being continued from a previous conversation';
const COMPACTION = 'Your task is to create a detailed summary of';

/** Whether a text, its reminders cut out, is Claude Code's own; the prompt before it is then still the one to answer. */
export function isArtefact(text: string): boolean {
  return text === '' || WHOLE.has(text) || BEGINNINGS.some((beginning) => text.startsWith(beginning));
}

/** Whether a text is the summary that stands for a compacted conversation. */
export function isSummary(text: string): boolean {
  return text.startsWith(SUMMARY);
}

/** Whether a prompt asks for such a summary. */
export function asksForSummary(prompt: string): boolean {
  return prompt.includes(COMPACTION);
}

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

/**
 * What a text tells of a background task: its summary line. Undefined where it tells nothing; a person's own words are
 * never taken for it, as it stands in a reminder, in a `system` message, or by itself.
 */
export function getNotice(text: string, role: Message['role']): string | undefined {
  const start = text.indexOf(NOTICE.open);
  if (start < 0) return undefined;
  const own = text.trimStart();
  if (role !== 'system' && !own.startsWith(REMINDER.open) && !own.startsWith(NOTICE.open)) return undefined;
  const end = text.indexOf(NOTICE.close, start);
  const notice = text.slice(start, end < 0 ? undefined : end);
  return getElement(notice, 'summary') ?? getElement(notice, 'status') ?? 'something';
}

function getElement(text: string, name: string): string | undefined {
  const start = text.indexOf(`<${name}>`);
  const end = text.indexOf(`</${name}>`, start);
  return start < 0 || end < 0 ? undefined : text.slice(start + name.length + 2, end).trim();
}

/** How many reminders came inside user messages, and how many messages had the role `system`. */
export function countReminders(messages: readonly Message[]): { inline: number; systemMessages: number } {
  const texts = messages.flatMap((message) =>
    message.role === 'user' ? [JSON.stringify(message.content)] : [],
  );
  const inline = texts.reduce((sum, text) => sum + text.split(REMINDER.open).length - 1, 0);
  return { inline, systemMessages: messages.filter((message) => message.role === 'system').length };
}
