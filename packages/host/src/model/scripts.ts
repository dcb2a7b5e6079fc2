import { type Answer, type Delivery, type StopReason, sayText, useTools } from './answer.ts';
import { countReminders } from './artefacts.ts';
import type { Turn } from './conversation.ts';
import type { MessagesRequest } from './request.ts';
import { LABEL } from './wording.ts';

export interface ScriptContext {
  request: MessagesRequest;
  /** `x-claude-code-session-id`; empty where the client sends none. */
  session: string;
}

/** Answers a prompt that holds `script:NAME`; undefined where it holds none. */
export type Scripts = (turns: readonly Turn[], context: ScriptContext) => Answer | undefined;

interface Call {
  name: string;
  /** The words after the name. */
  args: string[];
  /** How often this prompt was sent before. */
  attempt: number;
  turn: Turn;
  request: MessagesRequest;
}
type Script = (call: Call) => Answer | undefined;

const LINE = /^[ \t]*script:([a-z0-9-]+)(.*)$/im;
const HANG_MS = 900_000;
const MAX_PROMPTS = 1000;

/**
 * Scripts for tests. Each wants `script:NAME ARGS` in the last prompt, at the start of a line. Holds one count for each
 * prompt (of the last thousand), because a client does not say that it tries again.
 */
export function createScripts(): Scripts {
  const attempts = new Map<string, number>();
  return (turns, { request, session }) => {
    const turn = turns.at(-1);
    const match = turn && LINE.exec(turn.prompt);
    // What a background task reports is no new try of the prompt.
    if (!turn || !match || (turn.notices.length > 0 && !turn.hasNewResults)) return undefined;
    const key = JSON.stringify([session, turns.length, turn.prompt, turn.steps.length]);
    const attempt = attempts.get(key) ?? 0;
    attempts.delete(key);
    attempts.set(key, attempt + 1);
    const oldest = attempts.keys().next().value;
    if (attempts.size > MAX_PROMPTS && oldest !== undefined) attempts.delete(oldest);
    const name = (match[1] ?? '').toLowerCase();
    const args = (match[2] ?? '').trim().split(/\s+/);
    return runScript({ name, args, attempt, turn, request });
  };
}

function runScript(call: Call): Answer | undefined {
  const status = /^(?:error-)?([45]\d\d)$/.exec(call.name);
  if (status) return failSome(Number(status[1]), call);
  const script = Object.hasOwn(SCRIPTS, call.name) ? SCRIPTS[call.name] : undefined;
  if (script) return script(call);
  return sayText(`${LABEL} no script is named ${call.name}; there are ${Object.keys(SCRIPTS).join(', ')}.`);
}

/** `script:429 x2`: twice the error, then an answer; without a count the error for ever. */
function failSome(status: number, { args, attempt }: Call): Answer {
  const times = /^x(\d+)$/.exec(args[0] ?? '');
  if (times && attempt >= Number(times[1])) {
    return sayText(`${LABEL} answered after ${times[1]} times ${status}.`);
  }
  return { kind: 'error', error: { status, message: `Scripted ${status}, attempt ${attempt + 1}` } };
}

const getNumber = (text: string | undefined, fallback: number) => {
  const number = Number(text);
  return text && Number.isFinite(number) ? number : fallback;
};

const getWords = (count: number) => Array.from({ length: count }, (_, index) => `word${index + 1}`).join(' ');

const bash = (command: string, more: Record<string, unknown> = {}) => ({
  name: 'Bash',
  input: { command, description: 'A scripted command', ...more },
});

/** Waits without beginning with `sleep`, which the Bash tool refuses. */
const waitCommand = (seconds: number) => `timeout ${seconds} tail -f /dev/null`;

/** A script that uses tools leaves the telling of their results to the practice model (undefined). */
const once =
  (answer: (call: Call) => Answer): Script =>
  (call) =>
    call.turn.steps.length > 0 ? undefined : answer(call);

const streamed = (text: string, delivery: Delivery): Answer => sayText(`${LABEL} ${text}`, delivery);

const SCRIPTS: Record<string, Script> = {
  /** slow-stream [WORDS] [MS]: so many words, one each MS. */
  'slow-stream': ({ args }) =>
    streamed(getWords(getNumber(args[0], 50)), { deltaEveryMs: getNumber(args[1], 100) }),
  /** stalled-stream [MS]: some words, then nothing for MS; streaming clients only. */
  'stalled-stream': ({ args }) =>
    streamed(getWords(300), { stallAfterDeltas: 2, stallMs: getNumber(args[0], HANG_MS) }),
  /** no-headers [MS]: an answer that does not begin for MS. */
  'no-headers': ({ args }) => streamed('at last.', { headersAfterMs: getNumber(args[0], HANG_MS) }),
  /** cut-stream [xN]: the connection breaks in mid-stream, N times. */
  'cut-stream': ({ args, attempt }) => {
    const times = Number(args[0]?.slice(1) || 1);
    return streamed(getWords(300), attempt < times ? { cutAfterDeltas: 2 } : {});
  },
  /** stream-error [xN]: an `error` event in mid-stream, N times. */
  'stream-error': ({ args, attempt }) => {
    const times = Number(args[0]?.slice(1) || 1);
    return streamed(getWords(300), attempt < times ? { errorAfterDeltas: 2 } : {});
  },
  /** parallel [N]: words and N commands in one message. */
  parallel: once(({ args }) => {
    const count = getNumber(args[0], 3);
    const calls = Array.from({ length: count }, (_, index) => bash(`echo parallel-${index + 1}`));
    return useTools(calls, `${LABEL} ${count} commands at once.`);
  }),
  /** loop [N]: N commands, one after the other. */
  loop: ({ args, turn }) =>
    turn.steps.length < getNumber(args[0], 3)
      ? useTools([bash(`echo step-${turn.steps.length + 1}`)])
      : undefined,
  /** slow-tool [SECONDS]: a command that takes so long. */
  'slow-tool': once(({ args }) => useTools([bash(`${waitCommand(getNumber(args[0], 30))}; echo waited`)])),
  /** background [SECONDS]: a background command that takes so long. */
  background: once(({ args }) =>
    useTools([
      bash(`${waitCommand(getNumber(args[0], 2))}; echo background-done`, { run_in_background: true }),
    ]),
  ),
  /** big-result [MB]: a command that prints so much. */
  'big-result': once(({ args }) =>
    useTools([bash(`head -c ${getNumber(args[0], 8) * 1_000_000} /dev/zero | tr '\\0' x | fold -w 100`)]),
  ),
  /** long-text [KB]: an answer of so many words. */
  'long-text': ({ args }) => streamed(getWords(getNumber(args[0], 1000) * 128), {}),
  /** thinking: a thinking block before the words. */
  thinking: () => ({
    kind: 'message',
    blocks: [
      { type: 'thinking', thinking: 'A scripted thought.' },
      { type: 'text', text: `${LABEL} thought about it.` },
    ],
    stopReason: 'end_turn',
  }),
  /** max-tokens: first an answer that was cut for length; Claude Code asks for the rest. */
  'max-tokens': ({ attempt }) => stopOnce('max_tokens', attempt),
  /** refusal: first an answer that a classifier stopped; Claude Code asks again, once. */
  refusal: ({ attempt }) => stopOnce('refusal', attempt),
  /** system-reminders: how Claude Code's own reminders reached the model. */
  'system-reminders': ({ request }) => {
    const { inline, systemMessages } = countReminders(request.messages);
    return sayText(`${LABEL} ${systemMessages} system messages, ${inline} reminders in user messages.`);
  },
};

function stopOnce(stopReason: StopReason, attempt: number): Answer {
  if (attempt > 0) return sayText(`${LABEL} the rest.`);
  return { kind: 'message', blocks: [{ type: 'text', text: `${LABEL} cut off he` }], stopReason };
}
