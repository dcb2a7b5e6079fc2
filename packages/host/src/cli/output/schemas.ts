import {
  DaemonStatus,
  DownResponse,
  FetchResponse,
  ImageBuildEvent,
  ListResponse,
  RemoveResponse,
  UpEvent,
} from '@cspace/protocol/daemon-api';
import { EVENT_TYPES } from '@cspace/protocol/event';
import { PortsResponse } from '@cspace/protocol/ports';
import { Problem } from '@cspace/protocol/problem';
import { SandboxStatus, SubstrateKind } from '@cspace/protocol/sandbox';
import { InterruptResponse, SendResponse } from '@cspace/protocol/supervisor-api';
import { z } from 'zod';

/** An event of the agent as it stands in `events.ndjson`; what is in `data` goes with the type. */
export const EventLine = z.looseObject({
  v: z.literal(1),
  seq: z.number().int().positive(),
  at: z.string(),
  session: z.string().nullable(),
  type: z.enum(EVENT_TYPES),
  turn: z.string().optional(),
  data: z.looseObject({}),
});

/** One line of a command that could not: printed last, whatever the command. */
export const ProblemLine = z.object({ type: z.literal('problem'), problem: Problem });

const Finding = z.object({
  ok: z.boolean(),
  what: z.string(),
  why: z.string().optional(),
  fix: z.string().optional(),
  /** Sandboxes run without it. */
  optional: z.boolean().optional(),
});

const SubstrateProbe = z.object({
  kind: SubstrateKind,
  usable: z.boolean(),
  /** Of the program that runs its machines. */
  version: z.string().nullable(),
  /** Whether the CPU itself runs its guests, or a program does. */
  native: z.enum(['yes', 'no', 'untried']),
  findings: z.array(Finding),
});

const ResolverForm = z.enum(['resolved', 'dnsmasq', 'hosts', 'macos']);

const DnsStatus = z.object({
  installed: z.boolean(),
  form: ResolverForm.nullable(),
  home: z.string().nullable(),
  ours: z.boolean(),
  wildcards: z.boolean(),
  /** What the host uses, by what is found now. */
  detected: z.object({ form: ResolverForm, why: z.string() }),
  /** Null where there was nothing to try it with. */
  works: z.boolean().nullable(),
  tried: z.array(z.object({ name: z.string(), expected: z.string(), address: z.string().nullable() })),
  trouble: z.object({ why: z.string(), fix: z.string() }).nullable(),
});

/** What `--json` of each command prints, one value a line; every one may end in a ProblemLine instead. */
export const OUTPUT_SCHEMAS = {
  /** Progress and spans, then `up`; with `--message` the events of the turn after it. */
  up: z.union([UpEvent, EventLine]),
  down: DownResponse,
  rm: RemoveResponse,
  ls: ListResponse,
  ssh: z.object({ exitCode: z.number().int() }),
  'ssh-config': z.object({ config: z.string() }),
  status: SandboxStatus,
  fetch: FetchResponse,
  ports: PortsResponse,
  /** What would be opened; where it is the address and not the name, why, and what mends that. */
  open: z.object({ url: z.string(), reason: z.string().optional(), fix: z.string().optional() }),
  /** The turn's id; with `--follow` the events of the turn. */
  send: z.union([SendResponse, EventLine]),
  logs: EventLine,
  interrupt: InterruptResponse,
  exec: z.object({ exitCode: z.number().int(), stdout: z.string(), stderr: z.string() }),
  shell: z.object({ exitCode: z.number().int() }),
  /** `usable` and `findings`: of the substrate that `up` takes, or the one that was asked for. */
  doctor: z.object({
    usable: z.boolean(),
    substrate: SubstrateKind,
    findings: z.array(Finding),
    substrates: z.array(SubstrateProbe),
    notes: z.array(z.string()),
  }),
  setup: z.object({ changed: z.boolean(), command: z.string().nullable(), substrate: SubstrateKind }),
  'dns install': DnsStatus.extend({ changed: z.boolean() }),
  'dns uninstall': z.object({ changed: z.boolean() }),
  'dns status': DnsStatus,
  /** `in`: the keychain or a file. */
  'secrets set': z.object({ name: z.string(), in: z.string() }),
  'secrets rm': z.object({ name: z.string(), removed: z.boolean() }),
  'secrets ls': z.object({ secrets: z.array(z.object({ name: z.string(), in: z.string() })) }),
  'image build': ImageBuildEvent,
  'daemon status': DaemonStatus,
  'daemon stop': z.object({ stopped: z.boolean(), running: z.array(z.string()) }),
  completion: z.object({ shell: z.string(), script: z.string() }),
  cp: z.object({ files: z.number().int(), bytes: z.number().int(), leftOut: z.array(z.string()) }),
  version: z.object({ version: z.string(), protocol: z.number().int() }),
} as const satisfies Record<string, z.ZodType>;

export type DoctorOutput = z.infer<(typeof OUTPUT_SCHEMAS)['doctor']>;
export type DnsInstallOutput = z.infer<(typeof OUTPUT_SCHEMAS)['dns install']>;
export type DnsUninstallOutput = z.infer<(typeof OUTPUT_SCHEMAS)['dns uninstall']>;
export type DnsStatusOutput = z.infer<(typeof OUTPUT_SCHEMAS)['dns status']>;
export type SetupOutput = z.infer<(typeof OUTPUT_SCHEMAS)['setup']>;
export type SecretsSetOutput = z.infer<(typeof OUTPUT_SCHEMAS)['secrets set']>;
export type SecretsRmOutput = z.infer<(typeof OUTPUT_SCHEMAS)['secrets rm']>;
export type SecretsLsOutput = z.infer<(typeof OUTPUT_SCHEMAS)['secrets ls']>;
