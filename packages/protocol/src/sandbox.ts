import { z } from 'zod';
import { Name } from './names.ts';
import { Health } from './supervisor-api.ts';

export const SubstrateKind = z.enum(['podman', 'qemu', 'apple']);
export type SubstrateKind = z.infer<typeof SubstrateKind>;

/** Bounds of one machine. */
export const Limits = z.strictObject({
  /** Processors; fractions allowed. */
  cpus: z.number().positive().max(1024),
  memoryMiB: z.number().int().min(256),
  /** Processes and threads together. */
  pids: z.number().int().min(64),
});
export type Limits = z.infer<typeof Limits>;

const MAX_VOLUMES = 16;
const MAX_VOLUME_CHARACTERS = 200;

/**
 * A folder of the clone that is on the machine's own disk instead, by its path in the clone. Not git's own folder, and
 * without what engines read as something else in a path.
 */
const Volume = z
  .string()
  .max(MAX_VOLUME_CHARACTERS)
  .regex(/^[^/]/, 'a path in the clone, such as "node_modules": it does not begin with a slash')
  .refine(
    (path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'a path in the clone without empty parts, "." and ".."',
  )
  .refine((path) => !/^\.git($|\/)/i.test(path), 'git’s own folder has to be in the clone')
  .refine((path) => !/[\p{Cc}:,"\\]/u.test(path), 'a path without colons, commas, quotes and backslashes');

export const Volumes = z
  .array(Volume)
  .max(MAX_VOLUMES)
  .refine(
    (paths) => !paths.some((a, i) => paths.some((b, j) => i !== j && `${b}/`.startsWith(`${a}/`))),
    'each path once, and none inside another',
  );
export type Volumes = z.infer<typeof Volumes>;

/** `nat`: out as the host gets out. `none`: nothing but the daemon. */
export const NetworkMode = z.enum(['nat', 'none']);
export type NetworkMode = z.infer<typeof NetworkMode>;

/**
 * `starting`: being made; `running`; `stopped`: no machine, clone and session are kept; `exited`: the machine ended by
 * itself; `stopping`; `broken`: its record cannot be read.
 */
export const SandboxState = z.enum(['starting', 'running', 'stopping', 'stopped', 'exited', 'broken']);
export type SandboxState = z.infer<typeof SandboxState>;

/** A sandbox as `cspace ls --json` shows it. */
export const SandboxView = z.object({
  project: Name,
  sandbox: Name,
  /** Its name by DNS; it has an address while the sandbox runs. */
  domain: z.string(),
  state: SandboxState,
  /** IPv4, while it runs. */
  address: z.string().nullable(),
  substrate: SubstrateKind.nullable(),
  branch: z.string().nullable(),
  /** Session id of Claude Code, the last one seen. */
  session: z.string().nullable(),
  /** The host repository's main work tree. */
  repository: z.string().nullable(),
  createdAt: z.string().nullable(),
  /** Why it is `exited` or `broken`. */
  reason: z.string().optional(),
  /** The practice model answers, because no credential was given. */
  practice: z.boolean(),
});
export type SandboxView = z.infer<typeof SandboxView>;

/** A sandbox as `cspace status` shows it: the view, and what its supervisor says of itself. */
export const SandboxStatus = SandboxView.extend({ supervisor: Health.nullable() });
export type SandboxStatus = z.infer<typeof SandboxStatus>;
