import { z } from 'zod';

/** `GET /version` on the daemon's TCP port: what it and its client have to agree on. */
export const ApiVersion = z.object({ version: z.string(), protocol: z.number().int() });
export type ApiVersion = z.infer<typeof ApiVersion>;

/** The query of `GET /sandboxes/:project/:sandbox/events`. */
export const EventsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^(\d{1,15}|end)$/, 'a number, or end')
    .optional()
    .describe('leave out the events up to this `seq`; `end`: all that are there now'),
  follow: z
    .enum(['0', '1'])
    .optional()
    .describe('1: go on with what comes, until the client or the daemon leaves'),
});
export type EventsQuery = z.infer<typeof EventsQuery>;
