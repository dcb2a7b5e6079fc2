import { SUPERVISOR_ENV } from '@cspace/protocol/supervisor-api';

/** Marks every process of the agent, tools with their own session included: what a sweep looks for. */
export const AGENT_MARK = 'CSPACE_AGENT';

export interface AgentEnvOptions {
  /** The session folder: one agent lives for it at a time. */
  mark: string;
  /** Claude Code shall go on with the turn in which it was cut off. */
  rerun: boolean;
}

/**
 * The whole environment of Claude Code and so of every tool: the sandbox's own (the image's PATH, the credentials) less
 * the supervisor's token, with which the agent could give itself orders.
 */
export function getAgentEnv(
  env: Record<string, string | undefined>,
  options: AgentEnvOptions,
): Record<string, string> {
  const inherited = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !HIDDEN.has(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    [AGENT_MARK]: options.mark,
    // No request but the model's own: with it a session made no other connection.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    // The image pins the version.
    DISABLE_AUTOUPDATER: '1',
    // Exactly '1', or bypassPermissions is refused where the user is root.
    IS_SANDBOX: '1',
    ...(options.rerun ? { CLAUDE_CODE_RESUME_INTERRUPTED_TURN: '1' } : {}),
  };
}

const HIDDEN: ReadonlySet<string> = new Set([
  SUPERVISOR_ENV.token,
  'CLAUDE_CODE_RESUME_INTERRUPTED_TURN',
  // Set by a Claude Code around us, where somebody runs a supervisor inside one.
  'CLAUDECODE',
  'CLAUDE_CODE_ENTRYPOINT',
]);
