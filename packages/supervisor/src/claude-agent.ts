import { query, type SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import { type AgentOptions, AgentStartError, type StartAgent, type Turn } from './agent.ts';
import { getAgentEnv } from './agent-env.ts';
import { createFeed, type Feed } from './feed.ts';
import { sweepAgents } from './orphans.ts';
import { readRole } from './role.ts';

export interface ClaudeOptions {
  executable: string;
  model: string | null;
  workspace: string;
  /** The session folder, which marks the agent's processes. */
  mark: string;
  env: Record<string, string | undefined>;
  startTimeoutMs?: number;
}

type Query = ReturnType<typeof query>;

/** A cold start reads 380 MB from disk; a warm one takes 0.4 s. */
const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 3000;
const STDERR_BYTES = 2000;

/** Claude Code through its SDK: the only place that knows either. */
export function createClaudeStarter(claude: ClaudeOptions): StartAgent {
  return async (options, signal) => {
    const feed = createFeed<SDKUserMessage>();
    const stderr = { tail: '' };
    const running = await startQuery(claude, options, { feed, stderr });
    let gone = false;
    const exited = readMessages(running, options.onMessage).then((reason) => {
      gone = true;
      return describe(reason, stderr.tail);
    });
    const stop = async (pid?: number) => {
      feed.end();
      if (pid === undefined) running.close();
      // Its pid may be another's by now.
      else if (!gone) endProcess(pid);
      await Promise.race([exited, Bun.sleep(STOP_GRACE_MS)]);
      // SIGTERM ends its tools too, SIGKILL does not; and Claude Code may be stopped or stuck.
      await sweepAgents(claude.mark);
      await exited;
    };
    let pid: number | undefined;
    try {
      pid = await waitForStart(running, signal, claude.startTimeoutMs ?? START_TIMEOUT_MS);
    } catch (error) {
      await stop();
      throw toStartError(error, stderr.tail);
    }
    return {
      push: (turn) => feed.push(getUserMessage(turn)),
      interrupt: async () => void (await running.interrupt()),
      stop: () => stop(pid),
      exited,
    };
  };
}

async function startQuery(
  claude: ClaudeOptions,
  options: AgentOptions,
  io: { feed: Feed<SDKUserMessage>; stderr: { tail: string } },
): Promise<Query> {
  const role = await readRole(claude.workspace);
  try {
    return query({
      prompt: io.feed,
      options: {
        cwd: claude.workspace,
        pathToClaudeCodeExecutable: claude.executable,
        env: getAgentEnv(claude.env, { mark: claude.mark, rerun: options.rerun }),
        permissionMode: 'bypassPermissions',
        allowDangerouslySkipPermissions: true,
        // As in any Claude Code: the clone's CLAUDE.md, settings and hooks count. They run inside the sandbox.
        settingSources: ['user', 'project', 'local'],
        systemPrompt: { type: 'preset', preset: 'claude_code', ...(role ? { append: role } : {}) },
        // Only as a sign of life for the stall timer: a long answer is silent otherwise.
        includePartialMessages: true,
        stderr: (text) => {
          io.stderr.tail = (io.stderr.tail + text).slice(-STDERR_BYTES);
        },
        ...(claude.model ? { model: claude.model } : {}),
        ...(options.resume ? { resume: options.session } : { sessionId: options.session }),
      },
    });
  } catch (error) {
    throw toStartError(error, '');
  }
}

/**
 * A prompt that begins with a slash would be taken for a command of Claude Code's own (`/clear` leaves the conversation),
 * so such a one is sent as composed by a program, which delivers it as written. Not all are: composed prompts go without
 * the context that Claude Code puts beside a typed one (skills, nested CLAUDE.md).
 */
export function getUserMessage(turn: Turn): SDKUserMessage {
  return {
    type: 'user',
    message: { role: 'user', content: turn.text },
    parent_tool_use_id: null,
    uuid: turn.id as NonNullable<SDKUserMessage['uuid']>,
    ...(turn.text.trimStart().startsWith('/') ? { client_composed: true as const } : {}),
  };
}

/** Gives every message to `onMessage`; resolves with why they ended. */
async function readMessages(running: Query, onMessage: (message: unknown) => void): Promise<unknown> {
  try {
    for await (const message of running) onMessage(message);
    return 'it left by itself';
  } catch (error) {
    return error;
  }
}

/** Resolves with the pid when Claude Code takes turns: about 0.4 s, before any turn is sent. */
async function waitForStart(
  running: Query,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<number | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = () =>
      reject(signal.aborted ? signal.reason : new Error(`it was not ready after ${timeoutMs / 1000} s`));
    if (limit.aborted) onAbort();
    else limit.addEventListener('abort', onAbort, { once: true });
  });
  const ready = running.initializationResult();
  ready.catch(() => undefined);
  // The type leaves the pid out.
  const { pid } = (await Promise.race([ready, aborted])) as { pid?: unknown };
  return typeof pid === 'number' ? pid : undefined;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // It has gone already.
  }
}

function toStartError(error: unknown, stderr: string): AgentStartError {
  const reason = describe(error, stderr);
  const kind = reason.includes('No conversation found') ? 'no-conversation' : 'failed';
  return new AgentStartError(kind, reason, { cause: error });
}

function describe(reason: unknown, stderr: string): string {
  const text = reason instanceof Error ? reason.message : String(reason);
  const tail = stderr.trim();
  return tail === '' || text.includes(tail.slice(0, 200)) ? text : `${text}: ${tail}`;
}
