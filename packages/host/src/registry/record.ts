import { Name } from '@cspace/protocol/names';
import { Limits, NetworkMode, SubstrateKind, Volumes } from '@cspace/protocol/sandbox';
import { z } from 'zod';

/**
 * What is written down of a sandbox. `state` is what was last decided or seen; whether the machine still runs is asked
 * of the substrate at daemon start. No secret is ever in a record.
 */
export const SandboxRecord = z.strictObject({
  v: z.literal(1),
  project: Name,
  sandbox: Name,
  /** The host repository's main work tree: another one may not use the project's name. */
  repository: z.string(),
  branch: z.string(),
  state: z.enum(['starting', 'running', 'stopping', 'stopped', 'exited']),
  /** Why it is `exited`. */
  reason: z.string().optional(),
  /** The `up` in progress is the first one: undoing it removes everything. */
  fresh: z.boolean(),
  /** IPv4; the last one while it does not run, to be taken again if free. */
  address: z.string().nullable(),
  substrate: SubstrateKind,
  limits: Limits,
  network: NetworkMode,
  /** Folders of the clone that are on the machine's own disk; records of earlier versions have none. */
  volumes: Volumes.default([]),
  model: z.string().nullable(),
  practice: z.boolean(),
  /** Session id of Claude Code, the last one told by the supervisor. */
  session: z.string().max(100).nullable(),
  createdAt: z.string(),
});
export type SandboxRecord = z.infer<typeof SandboxRecord>;
