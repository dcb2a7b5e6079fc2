import type { Step, Turn } from './conversation.ts';

/** Begins everything that the practice model says. */
export const LABEL = 'Practice model:';

const HELP = [
  'I am a script, not Claude, and need no account. I understand:',
  '  run: COMMAND                  I run it with the Bash tool and quote what it printed',
  '  write FILE: TEXT              I write the file with the Write tool',
  '  what did I ask you before?    I quote our conversation',
].join('\n');

const MAX_QUOTE = 300;
const MAX_OUTPUT = 8000;
const MAX_TURNS = 100;
/** What Claude Code writes in the model's place after a turn that was cut off. */
const NO_ANSWER = 'No response requested.';
/** What the Bash tool gives for no output (Claude Code 2.1). */
const NO_OUTPUT = '(Bash completed with no output)';

/** The answer to words that are nothing to do. */
export function describePlainWords(prompt: string): string {
  const received = prompt === '' ? 'I received nothing to answer.' : `I received ${quote(prompt)}.`;
  return `${LABEL} ${received}\n${HELP}`;
}

/** What was asked and answered in earlier turns, a compacted conversation included: its summary was written here. */
export function describeMemory(turns: readonly Turn[]): string {
  const entries = turns.flatMap(getEntries);
  if (entries.length === 0) return `${LABEL} nothing came before this: it is the first thing you asked me.`;
  const left = Math.max(entries.length - MAX_TURNS, 0);
  const lines = entries.slice(left).map((entry, index) => `${left + index + 1}. ${entry}`);
  const more = left > 0 ? [`(the first ${left} are left out)`] : [];
  return [`${LABEL} before this you asked me ${count(entries.length, 'thing')}.`, ...more, ...lines].join(
    '\n',
  );
}

const ENTRY = /^\d+\. (You asked: .*)$/;

function getEntries(turn: Turn): string[] {
  if (turn.kind === 'summary') return turn.prompt.split('\n').flatMap((line) => ENTRY.exec(line)?.[1] ?? []);
  const answer = turn.said.findLast((text) => text !== NO_ANSWER);
  const asked = `You asked: ${quote(turn.prompt)}`;
  return [answer === undefined ? asked : `${asked} I answered: ${quote(getWithoutLabel(answer), 120)}`];
}

const getWithoutLabel = (text: string) => (text.startsWith(LABEL) ? text.slice(LABEL.length).trim() : text);

/** What background tasks reported. */
export function describeNotices(notices: readonly string[]): string {
  return `${LABEL} a background task reported: ${cut(notices.join('; '), MAX_QUOTE * 2)}`;
}

/** What came of the tools that were used. */
export function describeSteps(steps: readonly Step[]): string {
  return `${LABEL} ${steps.map(describeStep).join('\n')}`;
}

function describeStep(step: Step): string {
  const what = describeCall(step);
  if (!step.result) return `${what}; no result came back.`;
  const { text, failed } = step.result;
  if (failed && step.name === 'Write')
    return `I could not write ${toText(step.input.file_path)}:\n${fence(text)}`;
  if (failed) return `${what}, and it failed:\n${fence(text)}`;
  if (step.name === 'Write') return `${what}.`;
  if (step.input.run_in_background === true) return `${what}:\n${fence(text)}`;
  return text === '' || text === NO_OUTPUT
    ? `${what}. It printed nothing.`
    : `${what}. It printed:\n${fence(text)}`;
}

function describeCall({ name, input }: Step): string {
  if (name === 'Bash') {
    const verb = input.run_in_background === true ? 'I started in the background' : 'I ran';
    return `${verb} \`${cut(toText(input.command), MAX_QUOTE)}\``;
  }
  if (name === 'Write') return `I wrote ${toText(input.file_path)}`;
  return `I used ${name}`;
}

const toText = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
const fence = (text: string) => `\`\`\`\n${cut(text, MAX_OUTPUT)}\n\`\`\``;

/** One line in quotation marks. Cut first: a prompt may be megabytes long. */
function quote(text: string, max = MAX_QUOTE): string {
  const line = text
    .slice(0, max * 4)
    .replace(/[ \t]{2,}/g, ' ')
    .replace(/[ \t]?\n\s*/g, ' / ');
  return `"${cut(line, max)}"`;
}
const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;

/** Keeps the beginning, which tells most, and says what is left out. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max)}… (${text.length - max} characters left out)`;
}
