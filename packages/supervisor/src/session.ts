import { ProblemError } from '@cspace/protocol/problem';
import type { Health, SendRequest, SupervisorState } from '@cspace/protocol/supervisor-api';
import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import { type AgentKeeper, isRerun, type LiveAgent } from './agent-keeper.ts';
import { sleep } from './deferred.ts';
import type { Recorder } from './recorder.ts';
import { type TurnEnd, translate } from './translate.ts';
import { createTurnRun, type Ending, type TurnRun, type TurnRunOptions } from './turn-run.ts';
import type { QueuedTurn, TurnQueue } from './turns.ts';

export interface SessionDeps {
  keeper: AgentKeeper;
  queue: TurnQueue;
  recorder: Recorder;
  stallMs: number;
  /** How long an agent may take to leave a turn before it is ended. */
  interruptMs?: number;
}

/** A turn in which the agent dies is not tried again when it is the second time, deaths of the supervisor counted too. */
const MAX_DOWNS = 2;
const INTERRUPT_MS = 10_000;
const INTERRUPT_RETRY_MS = 250;

/**
 * The conversation: turns in, one at a time, each ended exactly once in the log. The next one is handed to the agent only
 * after the last ended, because Claude Code merges what waits into one turn.
 */
export class Session {
  readonly #deps: SessionDeps;
  readonly #stopping = new AbortController();
  #live: LiveAgent | undefined;
  #current: TurnRun | undefined;
  #note: string | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  /** Begins; `onBug` hears of an error that nobody foresaw. */
  start(onBug: (error: unknown) => void): void {
    this.#loop = this.#run(this.#stopping.signal).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) onBug(error);
    });
  }

  /** Ends the agent and leaves every turn that has not ended for the next start. */
  async stop(reason: string): Promise<void> {
    this.#stopping.abort(new Error(reason));
    await this.#loop;
    await this.#deps.keeper.stop(reason);
  }

  send(request: SendRequest): Promise<string> {
    return this.#deps.queue.accept(request, this.#deps.keeper.session);
  }

  getHealth(): Health {
    const { keeper, queue, recorder } = this.#deps;
    const head = queue.head();
    const turn = this.#current?.turn ?? (head?.started ? head : undefined);
    const waiting = queue.all().filter((each) => each !== turn);
    const state = this.#getState();
    const reason = recorder.trouble ?? (keeper.state === 'up' ? this.#note : keeper.reason);
    return {
      ok: state !== 'failed' && recorder.trouble === undefined,
      version: VERSION,
      protocol: PROTOCOL,
      state,
      ...(reason === undefined ? {} : { reason }),
      session: keeper.session,
      turn: turn?.id ?? null,
      queued: waiting.length,
    };
  }

  /** Stops the turn at hand and resolves with its id when it has ended. Throws `nothing-to-interrupt`. */
  async interrupt(): Promise<string> {
    const turn = this.#current?.turn ?? this.#deps.queue.head();
    if (!turn) throw nothingToInterrupt();
    turn.interrupted = true;
    this.#deps.keeper.hurry();
    const deadline = performance.now() + (this.#deps.interruptMs ?? INTERRUPT_MS);
    while (!turn.over.settled && !this.#stopping.signal.aborted) {
      // Before it has begun with the turn the agent takes no notice: so it is asked until it has ended.
      await Promise.race([this.#askToLeave(turn), turn.over.promise, Bun.sleep(INTERRUPT_RETRY_MS * 4)]);
      await Promise.race([turn.over.promise, sleep(INTERRUPT_RETRY_MS, this.#stopping.signal)]);
      if (performance.now() > deadline && this.#current?.turn === turn) await this.#live?.agent.stop();
    }
    this.#stopping.signal.throwIfAborted();
    if ((await turn.over.promise).outcome === 'completed') throw nothingToInterrupt();
    return turn.id;
  }

  async #askToLeave(turn: QueuedTurn): Promise<void> {
    if (this.#current?.turn === turn) await this.#live?.agent.interrupt().catch(() => undefined);
  }

  #getState(): SupervisorState {
    const { state } = this.#deps.keeper;
    if (state !== 'up') return state;
    return this.#current || this.#deps.queue.size > 0 ? 'working' : 'idle';
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { keeper, queue } = this.#deps;
    while (!signal.aborted) {
      const head = queue.head();
      this.#live = await keeper.ensure(head?.started && !head.interrupted ? head.id : undefined, signal);
      if (!this.#live) await this.#giveUp(signal);
      else if (head) await this.#runTurn(this.#live, head, signal);
      else await this.#waitIdle(this.#live, signal);
    }
  }

  /** Nothing will run them: whoever waits for them is told so. A new turn starts a new attempt. */
  async #giveUp(signal: AbortSignal): Promise<void> {
    const { keeper, queue } = this.#deps;
    const reason = `the agent does not start: ${keeper.reason ?? 'no reason given'}`;
    for (const turn of queue.all()) await this.#end(turn, { outcome: 'failed', reason }, signal);
    await queue.waitForTurn(signal);
    keeper.forgive();
  }

  async #waitIdle(live: LiveAgent, signal: AbortSignal): Promise<void> {
    live.listen((message) => this.#read(message));
    const either = new AbortController();
    const arrival = this.#deps.queue.waitForTurn(AbortSignal.any([signal, either.signal]));
    const exit = await Promise.race([live.agent.exited, arrival]);
    either.abort();
    if (typeof exit === 'string' && !signal.aborted) await this.#deps.keeper.lose(exit);
  }

  async #runTurn(live: LiveAgent, turn: QueuedTurn, signal: AbortSignal): Promise<void> {
    // A death between two turns is not the next one's.
    const gone = await Promise.race([live.agent.exited, undefined]);
    if (gone !== undefined) return void (await this.#deps.keeper.lose(gone));
    try {
      await turn.durable;
    } catch {
      return this.#end(turn, { outcome: 'failed', reason: 'it could not be put on disk' }, signal);
    }
    const isLeft = live.left?.turn === turn.id;
    if (isRerun(live.left) && (!isLeft || turn.interrupted)) {
      // It goes on with a turn that nobody wants any more. The next one runs on another agent.
      await this.#deps.keeper.stop('its turn was interrupted');
      if (!turn.interrupted) return;
    }
    if (turn.interrupted) return this.#end(turn, { outcome: 'interrupted' }, signal);
    const state = isLeft ? live.left?.state : undefined;
    live.left = undefined;
    if (state?.type === 'ended') return this.#end(turn, state.end, signal);
    const ending = await this.#runOn({ live, turn, state, stallMs: this.#deps.stallMs }, signal);
    // What the agent still says while it is ended belongs to the turn.
    if (signal.aborted) return;
    this.#note = undefined;
    await this.#settle(turn, ending, signal);
    this.#current = undefined;
  }

  #runOn(options: TurnRunOptions, signal: AbortSignal): Promise<Ending> {
    const { live, turn } = options;
    const run = createTurnRun(options);
    const { keeper, recorder } = this.#deps;
    const data = { attempt: turn.downs + 1 };
    recorder.record({ type: 'turn.started', session: keeper.session, turn: turn.id, data });
    turn.started = true;
    this.#current = run;
    live.listen((message) => this.#read(message));
    return run.finish(signal);
  }

  async #settle(turn: QueuedTurn, ending: Ending, signal: AbortSignal): Promise<void> {
    const { keeper } = this.#deps;
    if (ending.type === 'ended') {
      keeper.noteHealthy();
      return this.#end(turn, ending.end, signal);
    }
    if (ending.type === 'stalled') {
      const reason = `the agent said nothing for ${Math.round(this.#deps.stallMs / 1000)} s`;
      await this.#end(turn, { outcome: 'failed', reason }, signal);
      await keeper.lose(reason);
      return;
    }
    const reason = await keeper.lose(ending.reason);
    turn.downs += 1;
    if (turn.interrupted) return this.#end(turn, { outcome: 'interrupted' }, signal);
    if (turn.downs < MAX_DOWNS) return;
    await this.#end(turn, { outcome: 'failed', reason: `the agent died in it twice: ${reason}` }, signal);
  }

  /** Writes a turn's end; the next one begins only when it is on disk. */
  async #end(turn: QueuedTurn, end: TurnEnd, signal: AbortSignal): Promise<void> {
    const { keeper, queue, recorder } = this.#deps;
    const interrupted: TurnEnd = { ...end, outcome: 'interrupted' };
    const data = turn.interrupted && end.outcome === 'failed' ? interrupted : end;
    recorder.record({ type: 'turn.ended', session: keeper.session, turn: turn.id, data });
    queue.remove(turn.id);
    await recorder.settle(signal);
    turn.over.resolve(data);
  }

  #read(message: unknown): void {
    const { session, signals, said } = translate(message);
    const { keeper, recorder } = this.#deps;
    if (session) keeper.noteSession(session, said.length > 0);
    for (const signal of signals) {
      if (signal.type === 'retry') this.#note = signal.reason;
      else if (signal.type !== 'turn') this.#note = undefined;
    }
    const run = this.#current;
    // A result ends the turn and carries nothing that was said, so the order does not matter.
    run?.read(signals);
    for (const each of said) {
      recorder.record({ ...each, session: keeper.session, ...(run?.answering ? { turn: run.turn.id } : {}) });
    }
  }
}

function nothingToInterrupt(): ProblemError {
  return new ProblemError({ code: 'nothing-to-interrupt', message: 'the agent has no turn to interrupt' });
}
