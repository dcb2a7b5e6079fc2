import { z } from 'zod';
import { Name } from './names.ts';

/** What a server answers: found out by asking it, since a TCP connection alone says nothing (it may hang). */
export const Speaks = z.enum(['http', 'https', 'unknown']);
export type Speaks = z.infer<typeof Speaks>;

/** One port on which something listens in a sandbox. All but `reachable`, `speaks` and `url` is a claim of the guest. */
export const ListeningPort = z.object({
  port: z.number().int().min(1).max(65_535),
  protocol: z.enum(['tcp', 'udp']),
  /** What it is bound to, as the guest shows it: `127.0.0.1`, `*`, `[::1]`; the one that answers first. */
  addresses: z.array(z.string()),
  /** The program's name, where the guest tells it. */
  process: z.string().nullable(),
  pid: z.number().int().nullable(),
  /** The port answers at the sandbox's name and address, from the host and from siblings. */
  reachable: z.boolean(),
  /** Why it is not reachable, or why it speaks nothing that is known. */
  reason: z.string().optional(),
  /** Null where it was not asked: UDP, and what is not reachable. */
  speaks: Speaks.nullable(),
  /** By the sandbox's name; by its address where the server takes no name. Null for UDP and what is not reachable. */
  url: z.string().nullable(),
});
export type ListeningPort = z.infer<typeof ListeningPort>;

/** `GET /sandboxes/:project/:sandbox/ports`, by port. cspace's own are left out. */
export const PortsResponse = z.object({
  project: Name,
  sandbox: Name,
  /** `mercury.shop.cspace2.local` */
  domain: z.string(),
  address: z.string(),
  ports: z.array(ListeningPort),
  /** The guest has more sockets than are shown. */
  truncated: z.boolean(),
});
export type PortsResponse = z.infer<typeof PortsResponse>;
