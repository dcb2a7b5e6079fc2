import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../failure.ts';
import type { MountRecord } from './record.ts';
import { parseSize } from './sizes.ts';

const invalid = (message: string): Failure => new Failure('invalidArgument', message);

/** `SRC:DST[:options]`; a source with a slash is a path, any other the name of a volume. */
export function parseVolume(text: string): MountRecord {
  const parts = text.split(':');
  const [first = '', second, options, ...more] = parts;
  if (more.length > 0) throw invalid(`invalid volume format: ${text}`);
  if (second === undefined) return { kind: 'volume', source: '', target: assertTarget(first), options: [] };
  const isPath = first.includes('/') || first === '.' || first === '..';
  const source = isPath ? resolve(first) : first;
  if (isPath && !getType(source)) throw invalid(`path '${first}' does not exist`);
  return {
    kind: isPath ? 'virtiofs' : 'volume',
    source,
    target: assertTarget(second),
    options: options === undefined || options === '' ? [] : options.split(','),
  };
}

const TYPES: Record<string, MountRecord['kind']> = {
  bind: 'virtiofs',
  virtiofs: 'virtiofs',
  tmpfs: 'tmpfs',
  volume: 'volume',
};
const KEYS: Record<string, string> = { src: 'source', dst: 'target', destination: 'target', readonly: 'ro' };

/** `type=…,source=…,target=…[,ro][,size=…][,mode=…]`. */
export function parseMount(text: string): MountRecord {
  const values = new Map<string, string>();
  for (const pair of text.split(',')) {
    const [key = '', ...value] = pair.split('=');
    values.set(KEYS[key] ?? key, value.join('='));
  }
  const kind = TYPES[values.get('type') ?? 'virtiofs'];
  if (kind === undefined) throw invalid(`unsupported mount type: ${values.get('type')}`);
  const known = ['type', 'source', 'target', 'ro', ...(kind === 'tmpfs' ? ['size', 'mode'] : [])];
  const odd = [...values.keys()].find((key) => !known.includes(key));
  if (odd !== undefined) throw invalid(`unknown directive ${odd} when parsing mount ${text}`);
  const source = values.get('source') ?? '';
  const target = assertTarget(values.get('target') ?? '');
  const options = values.has('ro') ? ['ro'] : [];
  if (kind === 'virtiofs') return { kind, source: assertFolder(source), target, options };
  if (kind === 'volume') return { kind, source, target, options };
  if (source !== '') throw invalid('cannot specify source for tmpfs mount');
  const size = values.get('size');
  const mode = values.get('mode');
  if (mode !== undefined && !/^[0-7]{3,4}$/.test(mode)) throw invalid(`invalid mode: ${mode}`);
  const more = [
    ...(size === undefined ? [] : [`size=${parseSize(size)}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ];
  return { kind, source: 'tmpfs', target, options: [...options, ...more] };
}

/** A path and nothing else: what other tools take for options is a part of it. */
export function parseTmpfs(text: string): MountRecord {
  return { kind: 'tmpfs', source: 'tmpfs', target: assertTarget(text), options: [] };
}

function assertTarget(path: string): string {
  if (path.startsWith('/')) return path;
  throw invalid(`mount destination must be an absolute path: '${path}'`);
}

function assertFolder(source: string): string {
  const path = resolve(source);
  const type = source === '' ? undefined : getType(path);
  if (type === undefined) throw invalid(`path '${source}' does not exist`);
  if (type !== 'folder') throw invalid(`path '${source}' is not a directory`);
  return path;
}

function getType(path: string): 'folder' | 'other' | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && (found.isDirectory() ? 'folder' : 'other');
}
