import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { MAX_EVENT_BYTES, parseEvent, type SandboxEvent } from '@cspace/protocol/event';
import type { Turn } from './agent.ts';
import { readLines } from './lines.ts';

/** A turn that was accepted and has not ended. */
export interface PendingTurn extends Turn {
  /** How often the agent or the supervisor died in it; a stop that was asked for does not count. */
  downs: number;
  /** It was given to the agent before. */
  started: boolean;
  /** The agent had it when the log ends. */
  running: boolean;
}

/** What a supervisor has to know of the ones before it. */
export interface History {
  /** Number of the last event; 0 in an empty log. */
  seq: number;
  /** The latest session id of Claude Code. */
  session: string | null;
  /** Something was said in that session, so that its transcript must be there. */
  sessionUsed: boolean;
  /** In the order they were accepted. */
  pending: Map<string, PendingTurn>;
  /** Every turn that we remember, with a digest of its text: the same id with another text is a conflict. */
  known: Map<string, string>;
}

/** Some 20 MB of ids; a repeat of an older one than these is taken for a new turn. */
const MAX_KNOWN = 100_000;
/** The fixed order of fields in event-line.ts makes this enough for the types that history does not look into. */
const HEAD =
  /^\{"v":1,"seq":(\d{1,16}),"at":"[^"]{1,40}","session":(?:null|"([^"]{1,100})"),"type":"([a-z._]{1,40})"/;
const PASSED_OVER: ReadonlySet<string> = new Set(['turn.text', 'turn.tool_call', 'turn.tool_result']);

export function createHistory(): History {
  return { seq: 0, session: null, sessionUsed: false, pending: new Map(), known: new Map() };
}

/** Reads a log back, line by line, in bounded memory. What is no event is passed over. */
export async function readHistory(path: string): Promise<History> {
  const history = createHistory();
  for await (const { text } of readLines(createReadStream(path), MAX_EVENT_BYTES + 1)) {
    const head = HEAD.exec(text);
    if (head && PASSED_OVER.has(head[3] ?? '')) {
      history.seq = Math.max(history.seq, Number(head[1]));
      if (head[2]) noteSession(history, head[2], true);
      continue;
    }
    const event = parseEvent(text);
    if (event) addEvent(history, event);
  }
  return history;
}

/** Adds one event to what is known. */
export function addEvent(history: History, event: SandboxEvent): void {
  history.seq = Math.max(history.seq, event.seq);
  if (event.type === 'agent.reset') {
    history.session = null;
    history.sessionUsed = false;
  } else if (event.session !== null) {
    noteSession(history, event.session, event.type === 'turn.ended' && event.data.outcome === 'completed');
  }
  const { pending } = history;
  if (event.type === 'supervisor.started') endRunning(history, false);
  if (event.type === 'agent.exited') endRunning(history, event.data.expected);
  if (event.turn === undefined) return;
  if (event.type === 'turn.queued' && !history.known.has(event.turn)) {
    remember(history, event.turn, event.data.text);
    pending.set(event.turn, {
      id: event.turn,
      text: event.data.text,
      downs: 0,
      started: false,
      running: false,
    });
  }
  if (event.type === 'turn.ended') pending.delete(event.turn);
  const turn = pending.get(event.turn);
  if (event.type === 'turn.started' && turn) {
    pending.set(turn.id, { ...turn, started: true, running: true, downs: turn.downs + 1 });
  }
}

/** Keeps the digest of a turn's text. */
export function remember(history: History, id: string, text: string): void {
  history.known.set(id, getDigest(text));
  if (history.known.size <= MAX_KNOWN) return;
  const [oldest] = history.known.keys();
  if (oldest !== undefined) history.known.delete(oldest);
}

export function getDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function noteSession(history: History, session: string, used: boolean): void {
  if (session !== history.session) history.sessionUsed = false;
  history.session = session;
  if (used) history.sessionUsed = true;
}

/** Every start counts as one that took the agent down, until an orderly stop says otherwise. */
function endRunning(history: History, expected: boolean): void {
  for (const turn of history.pending.values()) {
    if (!turn.running) continue;
    history.pending.set(turn.id, { ...turn, running: false, downs: turn.downs - (expected ? 1 : 0) });
  }
}
