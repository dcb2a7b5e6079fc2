/** A turn as it is given to the agent. */
export interface Turn {
  /** A UUID, given to the agent as the message's own: the same one twice is answered once. */
  id: string;
  text: string;
}

export interface AgentOptions {
  /** Session id: of a conversation to begin, or of one to go on with. */
  session: string;
  resume: boolean;
  /** Go on by itself with the turn in which the conversation was cut off. */
  rerun: boolean;
  /** Every message, in order, as the agent sent it. */
  onMessage: (message: unknown) => void;
}

/** One agent process, ready for turns. */
export interface Agent {
  /** Hands over a turn; the agent takes it when it is free. */
  push(turn: Turn): void;
  /** Asks it to leave its turn; nothing where it has none, or has not begun with it. */
  interrupt(): Promise<void>;
  /** Ends it with all its tools, and resolves when they are gone. */
  stop(): Promise<void>;
  /** Resolves with the reason when the process has ended; never rejects. */
  readonly exited: Promise<string>;
}

/** The agent did not start. `no-conversation`: there is nothing to resume under that session id. */
export class AgentStartError extends Error {
  readonly kind: 'no-conversation' | 'failed';

  constructor(kind: AgentStartError['kind'], reason: string, options?: { cause?: unknown }) {
    super(reason, options);
    this.name = 'AgentStartError';
    this.kind = kind;
  }
}

/** Starts an agent and waits until it is ready. Throws AgentStartError; nothing is left of it then. */
export type StartAgent = (options: AgentOptions, signal: AbortSignal) => Promise<Agent>;
