import { z } from 'zod';
import { Name } from './names.ts';
import { Problem } from './problem.ts';
import { Limits, NetworkMode, SandboxView, SubstrateKind, Volumes } from './sandbox.ts';

/** `GET /version`: the handshake; the client compares `version` with its own. */
export const VersionResponse = z.object({ version: z.string(), protocol: z.number(), pid: z.number() });
export type VersionResponse = z.infer<typeof VersionResponse>;

/** `GET /status`: the daemon itself. */
export const DaemonStatus = z.object({
  running: z.boolean(),
  pid: z.number().nullable(),
  version: z.string().nullable(),
  /** How many sandboxes run. */
  sandboxes: z.number(),
  startedAt: z.string().nullable(),
  /** Seconds until it leaves for want of work; null while sandboxes run. */
  idleExitInSeconds: z.number().nullable(),
});
export type DaemonStatus = z.infer<typeof DaemonStatus>;

/** The names that a client may pass on from its own environment; the daemon uses none of its own. */
export const PASSED_ENV = [
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_MODEL',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GITHUB_PERSONAL_ACCESS_TOKEN',
] as const;

/** `POST /up`: answers with a stream of UpEvent, one JSON a line; the last one is `up` or `problem`. */
export const UpRequest = z.strictObject({
  project: Name,
  /** Absent: the daemon picks a free name. */
  sandbox: Name.optional(),
  /** Main work tree of the host repository: what a project is known by. */
  repository: z.string().startsWith('/'),
  /** The work tree `up` was called in: its HEAD is where the branch starts. */
  source: z.string().startsWith('/'),
  base: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  substrate: SubstrateKind.optional(),
  limits: Limits,
  network: NetworkMode,
  volumes: Volumes.default([]),
  env: z.partialRecord(z.enum(PASSED_ENV), z.string()),
});
export type UpRequest = z.infer<typeof UpRequest>;

/** Spans of an `up` (docs: `cspace up --timings`). They overlap: what does not depend on each other runs at once. */
export const Span = z.enum([
  'lock',
  'clone',
  'network',
  'create',
  'start',
  'restore',
  'boot',
  'supervisor',
  'health',
  'register',
]);
export type Span = z.infer<typeof Span>;

/** Progress of anything long. `step` names the phase, `message` is for people. */
const Progress = z.object({ type: z.literal('progress'), step: z.string(), message: z.string() });
const Failed = z.object({ type: z.literal('problem'), problem: Problem });

export const UpEvent = z.discriminatedUnion('type', [
  Progress,
  z.object({ type: z.literal('span'), span: Span, startMs: z.number(), durationMs: z.number() }),
  /** The end: `created` is false where it ran already. */
  z.object({ type: z.literal('up'), sandbox: SandboxView, created: z.boolean() }),
  Failed,
]);
export type UpEvent = z.infer<typeof UpEvent>;

/** `POST /image/build`: the same kind of stream. */
export const ImageBuildRequest = z.strictObject({
  force: z.boolean(),
  /** Absent: for what the daemon would choose. */
  substrate: SubstrateKind.optional(),
});
export type ImageBuildRequest = z.infer<typeof ImageBuildRequest>;

export const ImageBuildEvent = z.discriminatedUnion('type', [
  Progress,
  z.object({ type: z.literal('image'), tag: z.string(), built: z.boolean() }),
  Failed,
]);
export type ImageBuildEvent = z.infer<typeof ImageBuildEvent>;

export const ListResponse = z.object({ sandboxes: z.array(SandboxView) });
export type ListResponse = z.infer<typeof ListResponse>;

/** `POST /sandboxes/:project/:sandbox/down`. */
export const DownResponse = z.object({ project: Name, sandbox: Name, wasRunning: z.boolean() });
export type DownResponse = z.infer<typeof DownResponse>;

/** `DELETE /sandboxes/:project/:sandbox?force=1`. */
export const RemoveResponse = z.object({ project: Name, sandbox: Name, removed: z.literal(true) });
export type RemoveResponse = z.infer<typeof RemoveResponse>;

/** `POST /sandboxes/:project/:sandbox/fetch`. */
export const FetchResponse = z.object({
  project: Name,
  sandbox: Name,
  branch: z.string(),
  /** Object id of the branch's tip. */
  commit: z.string(),
  /** The host repository's branch before; null where it is new. */
  before: z.string().nullable(),
});
export type FetchResponse = z.infer<typeof FetchResponse>;

/** `POST /resolver`: the daemon looks again what `cspace dns install` has set up. False: nothing for this home. */
export const ResolverResponse = z.object({ applied: z.boolean() });
export type ResolverResponse = z.infer<typeof ResolverResponse>;

/** `POST /stop`: the daemon leaves; the sandboxes named run on. */
export const StopResponse = z.object({ running: z.array(z.string()) });
export type StopResponse = z.infer<typeof StopResponse>;

/**
 * `exec` is a WebSocket on `/sandboxes/:project/:sandbox/exec`. The client's first message, a text, is ExecRequest.
 * Then binary messages carry stdin from the client (an empty one ends it) and, behind one byte that is 1 or 2, stdout
 * and stderr from the daemon; texts are ExecControl. The daemon closes after `exit` or `problem`.
 */
export const ExecRequest = z.strictObject({
  argv: z.array(z.string()).min(1),
  tty: z.boolean(),
  user: z.enum(['dev', 'root']),
  cwd: z.string().startsWith('/'),
  columns: z.number().int().positive().optional(),
  rows: z.number().int().positive().optional(),
  term: z.string().optional(),
});
export type ExecRequest = z.infer<typeof ExecRequest>;

export const ExecControl = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('resize'),
    columns: z.number().int().positive(),
    rows: z.number().int().positive(),
  }),
  z.object({ type: z.literal('signal'), signal: z.enum(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) }),
  // Of the command's output: a client cannot leave a WebSocket unread, so that it says when it has enough for now.
  z.object({ type: z.literal('pause') }),
  z.object({ type: z.literal('resume') }),
  z.object({ type: z.literal('exit'), code: z.number().int() }),
  z.object({ type: z.literal('problem'), problem: Problem }),
]);
export type ExecControl = z.infer<typeof ExecControl>;
