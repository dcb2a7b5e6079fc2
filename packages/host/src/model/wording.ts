import type { Step, Turn } from './conversation.ts';

/** Begins everything that the practice model says. */
export const LABEL = 'Practice model:';

const HELP = [
  'I am a script, not Claude, and need no account. I understand:',
  '  run: COMMAND        I run it with the Bash tool and quote what it printed',
  '  write FILE: TEXT    I write the file with the Write tool',
  '  what did I ask you before?',
].join('\n');

const MAX_QUOTE = 300;
const MAX_OUTPUT = 8000;
const MAX_TURNS = 30;

/** The answer to words that are nothing to do. */
export function describePlainWords(prompt: string): string {
  const received = prompt === '' ? 'I received nothing to answer.' : `I received ${quote(prompt)}.`;
  return `${LABEL} ${received}\n${HELP}`;
}

/** What was asked and answered in earlier turns. */
export function describeMemory(turns: readonly Turn[]): string {
  if (turns.length === 0) return `${LABEL} nothing came before this: it is the first thing you asked me.`;
  const left = turns.length - MAX_TURNS;
  const lines = turns.slice(-MAX_TURNS).map((turn, index) => {
    const number = Math.max(left, 0) + index + 1;
    const answer = turn.said.at(-1);
    return `${number}. You asked: ${quote(turn.prompt)}${answer ? `\n   I answered: ${quote(answer, 120)}` : ''}`;
  });
  const more = left > 0 ? [`(the first ${left} are left out)`] : [];
  return [`${LABEL} before this you asked me ${count(turns.length, 'thing')}.`, ...more, ...lines].join('\n');
}

/** What came of the tools that were used. */
export function describeSteps(steps: readonly Step[]): string {
  return `${LABEL} ${steps.map(describeStep).join('\n')}`;
}

function describeStep(step: Step): string {
  const what = describeCall(step);
  if (!step.result) return `${what}; no result came back.`;
  const { text, failed } = step.result;
  if (failed) return `${what}, and it failed:\n${fence(text)}`;
  if (step.name === 'Write') return `${what}.`;
  return text === '' ? `${what}. It printed nothing.` : `${what}. It printed:\n${fence(text)}`;
}

function describeCall({ name, input }: Step): string {
  if (name === 'Bash') return `I ran \`${cut(String(input.command), MAX_QUOTE)}\``;
  if (name === 'Write') return `I wrote ${String(input.file_path)}`;
  return `I used ${name}`;
}

const fence = (text: string) => `\`\`\`\n${cut(text, MAX_OUTPUT)}\n\`\`\``;
const quote = (text: string, max = MAX_QUOTE) => `"${cut(text.replace(/\s*\n\s*/g, ' / '), max)}"`;
const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;

/** Keeps the beginning, which tells most, and says what is left out. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max)}… (${text.length - max} more characters)`;
}
