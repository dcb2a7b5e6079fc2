import { Name } from '@cspace/protocol/names';
import { Limits, NetworkMode, SubstrateKind, Volumes } from '@cspace/protocol/sandbox';
import { z } from 'zod';
import { Memory } from './memory.ts';
import { Subnet } from './subnet.ts';

/** Limits as people write them; `Limits` of the protocol is what comes of it. */
const WrittenLimits = z
  .strictObject({
    cpus: Limits.shape.cpus.optional().describe('processors; fractions are fine'),
    memory: Memory.optional().describe('memory: `"4g"`, `"512m"` or a number of MiB; 256 MiB at least'),
    pids: Limits.shape.pids.optional().describe('processes and threads together'),
  })
  .describe('what one sandbox may use at most');

/** Keys that both files know. */
const shared = {
  model: z.string().min(1).optional().describe('the model of the agent, as Claude Code names it'),
  substrate: SubstrateKind.optional().describe(
    'what runs the machines; by default `apple` on a Mac, `qemu` where KVM runs guests, else `podman` (substrates.md)',
  ),
  limits: WrittenLimits.optional(),
  network: NetworkMode.optional().describe(
    '`nat`: out as the host gets out; `none`: nothing but the daemon, not even its siblings',
  ),
  volumes: Volumes.optional().describe(
    'folders of the clone, by their paths in it, that are on the machine’s own disk instead: `["node_modules"]`; the place for heavy trees that can be made again',
  ),
};

/** `.cspace.json` of a repository. It is committed, so it may narrow what the user allows and never widen it. */
export const ProjectFile = z.strictObject({
  project: Name.optional().describe(
    'the name of the project; else made from the name of the repository’s folder',
  ),
  ...shared,
});
export type ProjectFile = z.infer<typeof ProjectFile>;

const Port = z.number().int().min(1).max(65535);

/** `config.json` of CSPACE_HOME: the user's own. */
export const UserFile = z.strictObject({
  ...shared,
  bridge: z
    .string()
    // IFNAMSIZ of the kernel is 16 with the final zero.
    .regex(/^[a-z][a-z0-9-]{0,14}$/, 'at most 15 lower-case letters, digits and hyphens, a letter first')
    .optional()
    .describe('the network interface with the gateway’s address, and the nft table'),
  subnet: Subnet.optional().describe(
    'IPv4 network of the sandboxes, /16 to /28; its first address is the gateway',
  ),
  ports: z
    .strictObject({
      http: Port.optional().describe(
        'where the daemon answers by HTTP: on 127.0.0.1, and on the gateway for sandboxes',
      ),
      dns: Port.optional().describe(
        'where it answers by DNS: on 127.0.0.1, and on the gateway for sandboxes',
      ),
    })
    .optional()
    .describe('ports of the daemon'),
  idleSeconds: z
    .number()
    .int()
    .min(1)
    .max(7 * 24 * 3600)
    .optional()
    .describe('how many seconds the daemon stays after the last sandbox stopped and the last request'),
  templates: z
    .boolean()
    .optional()
    .describe(
      'start microVMs from the memory of one like them that is nobody’s, kept under /var/lib/cspace; `false`: boot each',
    ),
});
export type UserFile = z.infer<typeof UserFile>;

/** The configuration in force. */
export interface Config {
  project: string | undefined;
  model: string | undefined;
  substrate: SubstrateKind | undefined;
  network: NetworkMode;
  limits: Limits;
  volumes: Volumes;
  bridge: string;
  subnet: string;
  ports: { http: number; dns: number };
  idleSeconds: number;
  templates: boolean;
}

const MAX_DEFAULT_CPUS = 4;

/** What holds where nobody says anything. `hostCpus`: more than there are would mean nothing. */
export function getDefaults(hostCpus: number): Config {
  return {
    project: undefined,
    model: undefined,
    substrate: undefined,
    network: 'nat',
    limits: { cpus: Math.min(Math.max(1, hostCpus), MAX_DEFAULT_CPUS), memoryMiB: 4096, pids: 4096 },
    volumes: [],
    bridge: 'cspace0',
    subnet: '192.168.64.0/24',
    ports: { http: 6280, dns: 5354 },
    idleSeconds: 30 * 60,
    templates: true,
  };
}
