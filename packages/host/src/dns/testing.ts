import type { SandboxRef } from '@cspace/protocol/names';
import { type DecodedPacket, decode, encode } from 'dns-packet';
import type { SandboxRecord } from '../registry/record.ts';
import { createResponder, type Forward, type Transport } from './responder.ts';
import { watchZone, type ZoneSource } from './zone.ts';

export const NETWORK = { subnet: '192.168.64.0/24', gateway: '192.168.64.1' };

/** A record of `<project>/<sandbox>`. */
export function makeRecord(name: string, changes: Partial<SandboxRecord> = {}): SandboxRecord {
  const [project = '', sandbox = ''] = name.split('/');
  return {
    v: 1,
    project,
    sandbox,
    repository: '/src',
    branch: `cspace/${sandbox}`,
    state: 'running',
    fresh: false,
    address: '192.168.64.2',
    substrate: 'podman',
    limits: { cpus: 2, memoryMiB: 1024, pids: 512 },
    network: 'nat',
    volumes: [],
    model: null,
    practice: true,
    session: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    ...changes,
  };
}

/** What `cspace ls` could show in a busy home; the corpus of the fuzzer asks for these names. */
export const RECORDS: readonly SandboxRecord[] = [
  makeRecord('shop/mercury'),
  makeRecord('shop/venus', { address: '192.168.64.3' }),
  makeRecord('shop/mars', { state: 'starting', address: '192.168.64.4' }),
  makeRecord('web/venus', { state: 'stopped', address: '192.168.64.5' }),
  makeRecord('mercury/api', { address: '192.168.64.6' }),
];

export interface Source extends ZoneSource {
  put(record: SandboxRecord): void;
}

/** A registry in memory. */
export function createSource(records: readonly SandboxRecord[], broken: readonly SandboxRef[] = []): Source {
  const all = new Map(records.map((record) => [`${record.project}/${record.sandbox}`, record]));
  let revision = 1;
  return {
    get revision() {
      return revision;
    },
    list: () => [...all.values()],
    listBroken: () => broken.map((ref) => ({ ref })),
    put(record) {
      all.set(`${record.project}/${record.sandbox}`, record);
      revision += 1;
    },
  };
}

export const createTestResponder = (source: ZoneSource = createSource(RECORDS)) =>
  createResponder(watchZone(source, NETWORK));

/** A query's packet as a resolver sends it; `edns` is the size it takes. */
export function makeQuery(name: string, type = 'A', options: { id?: number; edns?: number } = {}): Buffer {
  const { id = 4711, edns } = options;
  const opt = {
    type: 'OPT' as const,
    name: '.',
    udpPayloadSize: edns ?? 0,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  return encode({
    type: 'query',
    id,
    flags: 0x100,
    questions: [{ name, type: type as 'A' }],
    additionals: edns === undefined ? [] : [opt],
  });
}

/** The types of dns-packet leave the code out. */
export interface Reading extends DecodedPacket {
  rcode: string;
}

/** Asks a responder that needs nobody else; the answer as dns-packet reads it. */
export function ask(
  responder: ReturnType<typeof createResponder>,
  packet: Buffer,
  transport: Transport = 'udp',
) {
  const response = responder.respond(packet, transport);
  if (!(response instanceof Buffer)) throw new Error('no answer');
  return read(response);
}

export const read = (response: Buffer) => decode(response) as Reading;

export async function askVia(
  responder: ReturnType<typeof createResponder>,
  packet: Buffer,
  forward: Forward,
): Promise<Reading> {
  const response = await responder.respond(packet, 'udp', forward);
  if (!response) throw new Error('no answer');
  return read(response);
}
