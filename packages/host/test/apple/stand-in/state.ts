import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getDigest } from './digest.ts';
import type { Version } from './versions.ts';

/** Where one stand-in keeps what it knows, and which version it is. */
export interface World {
  version: Version;
  state: string;
  /** Goes on all of ours that podman has; from the state's folder. */
  hash: string;
}

export function getWorld(version: Version, state: string): World {
  return { version, state, hash: getDigest(state) };
}

/** The paths in the state's folder. */
export const getPaths = ({ state }: World) => ({
  knobs: join(state, 'knobs.json'),
  engine: join(state, 'engine'),
  containers: join(state, 'containers'),
  volumes: join(state, 'volumes'),
  networks: join(state, 'networks'),
  builder: join(state, 'builder.json'),
  images: join(state, 'images.json'),
  networkLock: join(state, 'network.lock'),
  addresses: join(state, 'addresses.json'),
  failures: join(state, 'failures.json'),
});

export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: other calls read it meanwhile. */
export function writeJson(path: string, value: unknown): void {
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, JSON.stringify(value));
  renameSync(beside, path);
}

/** Names in a folder, sorted; none where it is not there. */
export function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

export function ensureFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}
