import type { SandboxRef } from '@cspace/protocol/names';
import { z } from 'zod';
import { GUEST } from '../../system/paths.ts';
import { LABELS, parseLabels } from '../labels.ts';
import type { OwnNetwork } from '../substrate.ts';

/** `ipv4Address` since 0.12, `address` before; both with the length of the prefix. */
const Attachment = z.object({
  ipv4Address: z.string().nullish(),
  ipv4Gateway: z.string().nullish(),
  address: z.string().nullish(),
  gateway: z.string().nullish(),
});

/** Seconds since 2001 before 1.0, later ISO 8601. */
const StartedDate = z.union([z.number(), z.string()]).nullish();

/** An element of `container ls` and `inspect`: `status` is the state alone before 1.0, later an object with all of it. */
const Element = z.object({
  configuration: z.object({
    id: z.string(),
    labels: z.record(z.string(), z.string()).nullish(),
    mounts: z.array(z.object({ source: z.string(), destination: z.string() })).nullish(),
    networks: z.array(z.object({ network: z.string() })).nullish(),
  }),
  status: z.union([
    z.string(),
    z.object({ state: z.string(), networks: z.array(Attachment).nullish(), startedDate: StartedDate }),
  ]),
  networks: z.array(Attachment).nullish(),
  startedDate: StartedDate,
});

/** A container, as `container` knows it. */
export interface Container {
  name: string;
  state: 'unknown' | 'stopped' | 'running' | 'stopping';
  labels: Record<string, string>;
  /** The names of those that it is on when it runs. */
  networks: string[];
  network: OwnNetwork | undefined;
  startedAt: string | null;
}

/** One of ours. */
export interface OurContainer extends Container {
  ref: SandboxRef;
  /** The call that made it. */
  attempt: string;
  /** The machine's own folder on the host. */
  folder: string;
}

const APPLE_EPOCH_S = 978_307_200;

/**
 * All containers. What cannot be read is left out where it is not ours, or its labels cannot be read either. Throws
 * where the text is no list at all.
 */
export function parseContainers(text: string): { container: Container; orders: string | undefined }[] {
  return parseList(text).flatMap((value) => {
    const parsed = Element.safeParse(value);
    if (!parsed.success) return [];
    const { configuration, status, ...old } = parsed.data;
    const now = typeof status === 'string' ? { state: status, ...old } : status;
    const orders = configuration.mounts?.find((mount) => mount.destination === GUEST.orders);
    const container: Container = {
      name: configuration.id,
      state: parseState(now.state),
      labels: configuration.labels ?? {},
      networks: configuration.networks?.map(({ network }) => network) ?? [],
      network: getNetwork(now.networks?.[0]),
      startedAt: parseDate(now.startedDate),
    };
    return [{ container, orders: orders?.source }];
  });
}

/** Those of ours among them. */
export function parseOurs(text: string, homeLabel: string): OurContainer[] {
  return parseContainers(text).flatMap(({ container, orders }) => {
    const ref = parseLabels(container.labels, homeLabel);
    const attempt = container.labels[LABELS.attempt];
    if (!ref || attempt === undefined || orders === undefined) return [];
    return [{ ...container, ref, attempt, folder: orders.replace(/\/orders\/?$/, '') }];
  });
}

function parseState(state: string): Container['state'] {
  return state === 'stopped' || state === 'running' || state === 'stopping' ? state : 'unknown';
}

function parseDate(date: number | string | null | undefined): string | null {
  if (date === null || date === undefined) return null;
  const ms = typeof date === 'number' ? (date + APPLE_EPOCH_S) * 1000 : Date.parse(date);
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}

function getNetwork(attachment: z.infer<typeof Attachment> | undefined): OwnNetwork | undefined {
  const cidr = attachment?.ipv4Address ?? attachment?.address ?? '';
  const gateway = attachment?.ipv4Gateway ?? attachment?.gateway;
  const address = cidr.split('/')[0] ?? '';
  const subnet = getSubnet(cidr);
  return subnet !== undefined && gateway ? { address, gateway, subnet } : undefined;
}

/** The network of `192.168.64.3/24`. */
function getSubnet(cidr: string): string | undefined {
  const found = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  if (!found) return undefined;
  const [, a, b, c, d, length] = found.map(Number) as [number, number, number, number, number, number];
  const size = 2 ** (32 - length);
  const first = Math.floor((((a * 256 + b) * 256 + c) * 256 + d) / size) * size;
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256);
  return `${parts.join('.')}/${length}`;
}

/** `container` is for no other. */
const ARCHITECTURE = 'arm64';

const Image = z.object({
  variants: z.array(
    z.object({
      platform: z.object({ os: z.string(), architecture: z.string() }),
      config: z
        .object({
          config: z
            .object({ Entrypoint: z.array(z.string()).nullish(), Cmd: z.array(z.string()).nullish() })
            .nullish(),
        })
        .nullish(),
    }),
  ),
});

/** What the image runs, of the variant for this processor; others may be signatures and such. Throws where it is none. */
export function parseImageProgram(text: string): string[] {
  const variants = z.array(Image).parse(JSON.parse(text))[0]?.variants ?? [];
  const fits = variants.find(({ platform }) => platform.architecture === ARCHITECTURE);
  const { Entrypoint, Cmd } = fits?.config?.config ?? {};
  const program = [...(Entrypoint ?? []), ...(Cmd ?? [])];
  if (program.length === 0) throw new TypeError(`the image has no program for ${ARCHITECTURE}`);
  return program;
}

const ListedImage = z.union([
  z.object({ configuration: z.object({ name: z.string() }) }),
  z.object({ reference: z.string() }),
]);

/** The names of all images. Throws where the text is no list. */
export function parseImageNames(text: string): string[] {
  return parseList(text).flatMap((value) => {
    const parsed = ListedImage.safeParse(value);
    if (!parsed.success) return [];
    return ['configuration' in parsed.data ? parsed.data.configuration.name : parsed.data.reference];
  });
}

const ListedNetwork = z.object({
  id: z.string(),
  configuration: z.object({ labels: z.record(z.string(), z.string()).nullish() }).nullish(),
});

export interface NamedNetwork {
  name: string;
  labels: Record<string, string>;
}

/** All networks. Throws where the text is no list. */
export function parseNetworks(text: string): NamedNetwork[] {
  return parseList(text).flatMap((value) => {
    const parsed = ListedNetwork.safeParse(value);
    if (!parsed.success) return [];
    return [{ name: parsed.data.id, labels: parsed.data.configuration?.labels ?? {} }];
  });
}

/** Since 1.0 in `configuration`, before without it. */
const VolumeFields = z.object({ name: z.string(), labels: z.record(z.string(), z.string()).nullish() });
const Volume = z.union([z.object({ configuration: VolumeFields }), VolumeFields]);

/** Volumes of ours, by name and sandbox. Throws where the text is no list. */
export function parseVolumes(text: string, homeLabel: string): { name: string; ref: SandboxRef }[] {
  return parseList(text).flatMap((value) => {
    const parsed = Volume.safeParse(value);
    if (!parsed.success) return [];
    const { name, labels } = 'configuration' in parsed.data ? parsed.data.configuration : parsed.data;
    const ref = parseLabels(labels ?? {}, homeLabel);
    return ref ? [{ name, ref }] : [];
  });
}

function parseList(text: string): unknown[] {
  return z.array(z.unknown()).parse(text.trim() === '' ? [] : JSON.parse(text));
}
