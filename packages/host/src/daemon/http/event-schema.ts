import { Envelope, EVENT_DATA } from '@cspace/protocol/event';
import { z } from 'zod';

const types = Object.entries(EVENT_DATA).map(([type, data]) =>
  Envelope.extend({ type: z.literal(type), data }),
);

/** Every event that `parseEvent` lets through. */
export const EventSchema = z.union(types);
