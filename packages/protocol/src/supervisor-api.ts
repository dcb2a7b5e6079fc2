import { z } from 'zod';

/** The supervisor's port in the sandbox; only the daemon may call it, with the sandbox's token as bearer. */
export const SUPERVISOR_PORT = 6201;

/** What the guest says of itself is shown to people: nothing but an id will do where one belongs. */
const Id = z.string().regex(/^[\w-]{1,100}$/, 'an id');

/** A turn's text, in UTF-8 bytes; what is longer belongs in a file of the clone. */
export const MAX_TURN_BYTES = 256 * 1024;

/** `POST /send`: 202 with SendResponse once the turn is on disk. The same id again is harmless. */
export const SendRequest = z.strictObject({
  id: z.uuid().optional(),
  text: z.string().min(1),
});
export type SendRequest = z.infer<typeof SendRequest>;

export const SendResponse = z.object({ id: z.uuid() });
export type SendResponse = z.infer<typeof SendResponse>;

/**
 * What the supervisor is doing. `starting`: the agent's first start; `idle`: waits for a turn; `working`: in a turn;
 * `retrying`: waits to start the agent again; `failed`: gave up, `reason` says why; `attached`: a person has the session.
 */
export const SupervisorState = z.enum(['starting', 'idle', 'working', 'retrying', 'failed', 'attached']);
export type SupervisorState = z.infer<typeof SupervisorState>;

/** `GET /health`. */
export const Health = z.object({
  ok: z.boolean(),
  version: z.string(),
  protocol: z.number().int(),
  state: SupervisorState,
  reason: z.string().optional(),
  /** Session id of Claude Code. */
  session: Id.nullable(),
  /** Id of the running turn. */
  turn: Id.nullable(),
  /** Turns that wait. */
  queued: z.number().int(),
});
export type Health = z.infer<typeof Health>;

/** `POST /interrupt`: the turn that was stopped; 409 `nothing-to-interrupt` when idle. */
export const InterruptResponse = z.object({ turn: Id });
export type InterruptResponse = z.infer<typeof InterruptResponse>;

/** The environment that the supervisor reads; `secrets.env` in the guest carries the secret ones. */
export const SUPERVISOR_ENV = {
  token: 'CSPACE_SUPERVISOR_TOKEN',
  model: 'CSPACE_MODEL',
  practice: 'CSPACE_PRACTICE',
} as const;
