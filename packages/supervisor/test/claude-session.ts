import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Options,
  type Query,
  query,
  type SDKMessage,
  type SDKResultMessage,
  type SDKUserMessage,
} from '@anthropic-ai/claude-agent-sdk';

const WAIT_MS = 20_000;

export interface ClaudeFolders {
  folder: string;
  workspace: string;
  home: string;
  tmp: string;
}

/** The real Claude Code through the SDK alone, without a supervisor. */
export interface ClaudeSession {
  readonly query: Query;
  /** Every message so far, in order. */
  readonly messages: readonly SDKMessage[];
  /** Sends a prompt and resolves with the result that follows. Rejects after 20 s. */
  ask(text: string): Promise<SDKResultMessage>;
  /** Resolves with the first message from now on that `holds`. Rejects after 20 s. */
  next(holds: (message: SDKMessage) => boolean): Promise<SDKMessage>;
  /** Ends the input, and with it Claude Code. */
  close(): Promise<void>;
}

/** Folders for one or more sessions after each other; whoever makes them removes `folder`. */
export async function makeClaudeFolders(): Promise<ClaudeFolders> {
  const folder = await mkdtemp(join(tmpdir(), 'cspace-claude-'));
  const of = (name: string) => join(folder, name);
  const folders = { folder, workspace: of('workspace'), home: of('home'), tmp: of('tmp') };
  for (const each of [folders.workspace, folders.home, folders.tmp]) await mkdir(each);
  return folders;
}

export const removeClaudeFolders = ({ folder }: ClaudeFolders) =>
  rm(folder, { recursive: true, force: true });

/** Starts Claude Code with the Messages API at `modelUrl`; `options` go over those that every session has. */
export function startClaudeSession(
  folders: ClaudeFolders,
  modelUrl: string,
  options: Options = {},
): ClaudeSession {
  const messages: SDKMessage[] = [];
  const inbox: SDKUserMessage[] = [];
  const gone = new AbortController();
  let isOpen = true;
  async function* read() {
    while (isOpen || inbox.length > 0) {
      const message = inbox.shift();
      if (message) yield message;
      else await Bun.sleep(5);
    }
  }
  const session = query({
    prompt: read(),
    options: { ...getOptions(folders, modelUrl), abortController: gone, ...options },
  });
  const ended = (async () => {
    for await (const message of session) messages.push(message);
  })().catch(() => undefined);

  const next = async (holds: (message: SDKMessage) => boolean) => {
    const start = messages.length;
    const deadline = performance.now() + WAIT_MS;
    while (performance.now() < deadline) {
      const found = messages.slice(start).find(holds);
      if (found) return found;
      await Bun.sleep(5);
    }
    throw new Error(
      `waited ${WAIT_MS} ms; messages:\n${messages.map((each) => JSON.stringify(each)).join('\n')}`,
    );
  };
  return {
    query: session,
    messages,
    next,
    async ask(text) {
      const result = next((message) => message.type === 'result');
      inbox.push({
        type: 'user',
        message: { role: 'user', content: text },
        parent_tool_use_id: null,
        uuid: crypto.randomUUID(),
      });
      return (await result) as SDKResultMessage;
    },
    async close() {
      isOpen = false;
      const late = setTimeout(() => gone.abort(), 5000);
      await ended;
      clearTimeout(late);
    },
  };
}

/**
 * The environment is whole and not inherited, so that nothing of the machine's own Claude Code is read or written, and
 * no other host is asked (measured with claude-agent-sdk 0.3.330).
 */
function getOptions({ workspace, home, tmp }: ClaudeFolders, modelUrl: string): Options {
  return {
    cwd: workspace,
    model: 'claude-sonnet-4-5',
    settingSources: [],
    permissionMode: 'bypassPermissions',
    allowDangerouslySkipPermissions: true,
    env: {
      PATH: process.env.PATH ?? '',
      LANG: 'C.UTF-8',
      HOME: home,
      CLAUDE_CONFIG_DIR: join(home, '.claude'),
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: 'sk-ant-dummy',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
      CLAUDE_CODE_TMPDIR: tmp,
      TMPDIR: tmp,
      CLAUDE_CODE_MAX_RETRIES: '3',
      IS_SANDBOX: '1',
    },
  };
}
