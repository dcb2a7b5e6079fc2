import { statSync } from 'node:fs';
import { podman } from '../engine/engine.ts';
import { Failure } from '../failure.ts';
import { getPaths, readJson, type World, writeJson } from '../state.ts';

/** Of `podman image inspect`, what we use. */
export interface EngineImage {
  Id: string;
  Digest: string;
  Size: number;
  Created: string;
  RepoTags: string[];
  RootFS: { Type: string; Layers: string[] };
  History: { created: string; created_by?: string; empty_layer?: boolean }[];
  Config: {
    User?: string;
    Env?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    WorkingDir?: string;
    Labels?: Record<string, string>;
    StopSignal?: string;
    ExposedPorts?: Record<string, object>;
  };
}

/** With registry and tag, as it is kept: `alpine` is `docker.io/library/alpine:latest`. Pure. */
export function getFullReference(name: string): string {
  const [first = '', ...others] = name.split('/');
  const hasRegistry = others.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasRegistry ? name : others.length > 0 ? `docker.io/${name}` : `docker.io/library/${name}`;
  const last = path.slice(path.lastIndexOf('/'));
  return /[:@]/.test(last) ? path : `${path}:latest`;
}

/** What podman said of images while its store was as it is now. */
interface Remembered {
  stamp: string;
  /** By name; null where there was none. */
  images: Record<string, EngineImage | null>;
}

/** Asked of podman once for each state of its store: it is asked for at every look and at every start. */
export async function findImage(world: World, name: string): Promise<EngineImage | undefined> {
  const path = getPaths(world).images;
  const stamp = getStamp();
  const kept = readJson(path) as Remembered | undefined;
  const images = kept !== undefined && kept.stamp === stamp ? kept.images : {};
  const known = images[name];
  if (known !== undefined) return known ?? undefined;
  const result = await podman(world, ['image', 'inspect', name]);
  const found = result.ok ? (JSON.parse(result.stdout) as EngineImage[])[0] : undefined;
  if (stamp !== undefined) writeJson(path, { stamp, images: { ...images, [name]: found ?? null } });
  return found;
}

/** Where podman has its list of images, by default; it is another file after each change. */
const STORE = '/var/lib/containers/storage/overlay-images/images.json';

/** Undefined where it is somewhere else: then nothing is remembered. */
function getStamp(): string | undefined {
  const found = statSync(STORE, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeNs} ${found.size}`;
}

/** As `run` and `create` want it; what is not there is asked of a registry, and there is none. */
export async function fetchImage(world: World, name: string): Promise<EngineImage> {
  const found = await findImage(world, name);
  if (found) return found;
  const [registry = '', ...path] = getFullReference(name).split('/');
  const [repository = '', tag = ''] = path.join('/').split(':');
  const url = `https://${registry}/v2/${repository}/manifests/${tag}`;
  throw new Failure(
    'internalError',
    `failed to pull image ${name}`,
    new Failure('unknown', `HTTP request to ${url} failed with response: 404 Not Found. Reason: Unknown`),
  );
}
