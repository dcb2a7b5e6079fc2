import { type Agent, AgentStartError, type StartAgent } from './agent.ts';
import { sleep } from './deferred.ts';
import type { History } from './history.ts';
import type { Recorder } from './recorder.ts';
import type { TurnState } from './transcript.ts';

/** An agent that lived so long was well: its death does not count with earlier ones. */
const HEALTHY_MS = 60_000;
/** After so many deaths in a row the conversation itself is taken for the cause. */
const DEATHS_OF_A_CONVERSATION = 4;
/** After so many failed attempts to resume it is tried whether a new conversation starts. */
const FAILED_RESUMES = 3;

export interface KeeperDeps {
  startAgent: StartAgent;
  recorder: Recorder;
  history: History;
  model: string | null;
  practice: boolean;
  /** Waits before the second, third, … start in a row; after the last one it gives up. */
  retryDelaysMs: readonly number[];
  /** The transcript of a conversation, and what stands in it of a turn. */
  findTranscript: (session: string) => Promise<string | undefined>;
  readTurnState: (transcript: string, turn: string) => Promise<TurnState>;
  sweep: () => Promise<number>;
  countOomKills: () => number;
}

/** An agent that runs. */
export interface LiveAgent {
  agent: Agent;
  /** What its conversation holds of the turn that was cut off before it started. */
  left: LeftTurn | undefined;
  /** Where its messages go; those that came before are given at once. */
  listen(onMessage: (message: unknown) => void): void;
}

interface LeftTurn {
  turn: string;
  state: TurnState;
}

interface Plan {
  session: string;
  resume: boolean;
  left: LeftTurn | undefined;
  /** The conversation that is given up, and why. */
  reset?: { from: string; reason: string };
}

/** Keeps one agent alive for a session: resumes, starts anew where that is impossible, backs off, gives up. */
export class AgentKeeper {
  session: string | null;
  state: 'starting' | 'retrying' | 'up' | 'failed' = 'starting';
  /** Why it is retrying or failed. */
  reason: string | undefined;
  readonly #deps: KeeperDeps;
  #used: boolean;
  #live: LiveAgent | undefined;
  /** Starts that failed and agents that died, in a row. */
  #failures = 0;
  #failedResumes = 0;
  /** Deaths in a row that want of memory does not explain. */
  #deaths = 0;
  #oomKills = 0;
  #startedAt = 0;
  #hurry = new AbortController();

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.session = deps.history.session;
    this.#used = deps.history.sessionUsed;
  }

  /** The agent, started where there is none; undefined after giving up. Rejects with the signal's reason. */
  async ensure(cutOff: string | undefined, signal: AbortSignal): Promise<LiveAgent | undefined> {
    while (!this.#live) {
      signal.throwIfAborted();
      if (this.#failures > 0) {
        const delay = this.#deps.retryDelaysMs[this.#failures - 1];
        if (delay === undefined) {
          this.#giveUp();
          return undefined;
        }
        this.state = 'retrying';
        await sleep(delay, AbortSignal.any([signal, this.#hurry.signal]));
        signal.throwIfAborted();
      }
      this.#hurry = new AbortController();
      await this.#tryStart(await this.#plan(cutOff), signal);
    }
    return this.#live;
  }

  #giveUp(): void {
    if (this.state === 'failed') return;
    this.state = 'failed';
    const reason = `gave up after ${this.#failures} attempts: ${this.reason ?? 'no reason given'}`;
    this.#deps.recorder.record({
      type: 'agent.exited',
      session: this.session,
      data: { reason, expected: false },
    });
  }

  /** Cuts a wait short. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Begins to count anew, after giving up. */
  forgive(): void {
    this.#failures = 0;
    this.#failedResumes = 0;
    this.#deaths = 0;
    this.state = 'retrying';
  }

  /** A turn came to its end: agent and conversation are well. */
  noteHealthy(): void {
    this.#failures = 0;
    this.#deaths = 0;
    this.reason = undefined;
  }

  /** The agent spoke; `said`: what its transcript will hold. */
  noteSession(session: string, said: boolean): void {
    this.session = session;
    if (said) this.#used = true;
  }

  /** The agent has died, or has to: ends what is left of it and says so. */
  async lose(reason: string): Promise<string> {
    const isOom = this.#deps.countOomKills() > this.#oomKills;
    const why = isOom ? `${reason}: the kernel killed a process here for want of memory` : reason;
    if (performance.now() - this.#startedAt > HEALTHY_MS) this.#failures = 0;
    this.#failures += 1;
    if (!isOom) this.#deaths += 1;
    this.state = 'retrying';
    this.reason = why;
    await this.#end(why, false);
    return why;
  }

  /** Ends the agent in good order. */
  async stop(reason: string): Promise<void> {
    if (this.#live) await this.#end(reason, true);
  }

  async #end(reason: string, expected: boolean): Promise<void> {
    const live = this.#live;
    this.#live = undefined;
    await live?.agent.stop();
    await this.#deps.sweep();
    this.#deps.recorder.record({ type: 'agent.exited', session: this.session, data: { reason, expected } });
  }

  async #plan(cutOff: string | undefined): Promise<Plan> {
    const from = this.session;
    const fresh = { session: crypto.randomUUID(), resume: false, left: undefined };
    if (from === null) return fresh;
    const transcript = await this.#deps.findTranscript(from);
    if (transcript === undefined) {
      return this.#used ? { ...fresh, reset: { from, reason: 'its transcript is gone' } } : fresh;
    }
    if (this.#deaths >= DEATHS_OF_A_CONVERSATION) {
      this.#deaths = 0;
      return { ...fresh, reset: { from, reason: `the agent died ${DEATHS_OF_A_CONVERSATION} times in it` } };
    }
    if (this.#failedResumes >= FAILED_RESUMES) {
      this.#failedResumes = 0;
      return {
        ...fresh,
        reset: { from, reason: `it cannot be resumed: ${this.reason ?? 'no reason given'}` },
      };
    }
    if (cutOff === undefined) return { session: from, resume: true, left: undefined };
    const left = { turn: cutOff, state: await this.#deps.readTurnState(transcript, cutOff) };
    return { session: from, resume: true, left };
  }

  async #tryStart(plan: Plan, signal: AbortSignal): Promise<void> {
    const inbox = createInbox();
    try {
      const { session, resume, left } = plan;
      this.#oomKills = this.#deps.countOomKills();
      const options = { session, resume, rerun: isRerun(left), onMessage: inbox.put };
      const agent = await this.#deps.startAgent(options, signal);
      this.#startedAt = performance.now();
      this.#live = { agent, left, listen: inbox.listen };
    } catch (error) {
      await this.#noteFailedStart(plan, error, signal);
      return;
    }
    this.#failedResumes = 0;
    this.#noteStarted(plan);
  }

  /** A conversation is given up only when the new one has begun: the trouble may be another's. */
  #noteStarted({ reset, session, resume }: Plan): void {
    const { recorder, model, practice } = this.#deps;
    if (reset) recorder.record({ type: 'agent.reset', session: null, data: reset });
    if (!resume) this.#used = false;
    this.session = session;
    this.state = 'up';
    const type = resume ? 'agent.resumed' : 'agent.started';
    recorder.record({ type, session, data: { model, practice } });
  }

  async #noteFailedStart(plan: Plan, error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.reason = error instanceof Error ? error.message : String(error);
    if (error instanceof AgentStartError && error.kind === 'no-conversation' && plan.resume) {
      // Claude Code itself says that nothing is there: no need to try a second time.
      this.#failedResumes = FAILED_RESUMES;
      this.#failures = Math.max(1, this.#failures);
      this.hurry();
      return;
    }
    if (plan.resume) this.#failedResumes += 1;
    this.#failures += 1;
    await this.#deps.sweep();
  }
}

/** Whether an agent goes on with the turn by itself. */
export function isRerun(left: LeftTurn | undefined): boolean {
  return left?.state.type === 'cut-off' && !left.state.continued;
}

/** Keeps messages until somebody listens: an agent that goes on with a turn speaks before it is given one. */
function createInbox() {
  let early: unknown[] = [];
  let listener: ((message: unknown) => void) | undefined;
  return {
    put(message: unknown): void {
      if (listener) listener(message);
      else early.push(message);
    },
    listen(onMessage: (message: unknown) => void): void {
      listener = onMessage;
      const waiting = early;
      early = [];
      for (const message of waiting) onMessage(message);
    },
  };
}
