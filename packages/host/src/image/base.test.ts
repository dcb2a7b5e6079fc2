import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { BuildContext, ImageBuilder } from '../substrate/substrate.ts';
import { getOwner } from '../system/owner.ts';
import { type BaseOptions, ensureBase } from './base.ts';
import { getArchiveArgv } from './base-archive.ts';

const TAG = 'localhost/debian:trixie-slim';
const PINS = { debian: 'trixie', base: 'docker.io/library/debian:trixie-slim' };
let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'image-base-'));
});
afterEach(() => rmSync(cache, { recursive: true }));

/** An engine whose answer to a pull is `pull`. Keeps the Dockerfiles that it built. */
function getOptions(pull: (context: BuildContext) => Promise<void>, had: string[] = []) {
  const tags = new Set(had);
  const built: string[] = [];
  const archives: string[] = [];
  const builder: ImageBuilder = {
    hasImage: async (tag: string) => tags.has(tag),
    async ensureImage(context: BuildContext) {
      const dockerfile = readFileSync(join(context.folder, 'Dockerfile'), 'utf8');
      if (dockerfile.includes('docker.io')) await pull(context);
      built.push(dockerfile.split('\n')[0] ?? '');
      tags.add(context.tag);
    },
  };
  const options: BaseOptions = {
    builder,
    cache,
    owner: getOwner({}),
    pins: PINS,
    signal: AbortSignal.timeout(10_000),
    onProgress: () => {},
    makeArchive: async ({ archive }) => void archives.push(archive),
  };
  return { options, built, archives };
}

const refuse = async ({ onLine }: BuildContext) => {
  onLine('Error: dial tcp: lookup registry: no such host');
  throw new ProblemError({ code: 'image-build-failed', message: 'podman could not build' });
};

test('ensureBase: nothing where it is there', async () => {
  const { options, built } = getOptions(refuse, [TAG]);
  expect(await ensureBase(options)).toBe(TAG);
  expect(built).toEqual([]);
});

test('ensureBase: pulls where the registry answers', async () => {
  const { options, built, archives } = getOptions(async () => {});
  expect(await ensureBase(options)).toBe(TAG);
  expect(built).toEqual([`FROM ${PINS.base}`]);
  expect(archives).toEqual([]);
});

test('ensureBase: makes it from packages where no registry answers, and says why', async () => {
  const { options, built, archives } = getOptions(refuse);
  const said: string[] = [];
  expect(await ensureBase({ ...options, onProgress: (line) => said.push(line) })).toBe(TAG);
  expect(built).toEqual(['FROM scratch']);
  expect(archives).toHaveLength(1);
  expect(said.join('\n')).toContain('no such host');
  expect(readdirSync(cache)).toEqual([]);
});

test('ensureBase: does not wait for a registry that hangs', async () => {
  const hang = ({ signal }: BuildContext) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const { options, built } = getOptions(hang);
  await ensureBase({ ...options, pullTimeoutMs: 20 });
  expect(built).toEqual(['FROM scratch']);
});

test('ensureBase: an interrupt during the pull ends it', async () => {
  const abort = new AbortController();
  const { options, built } = getOptions(async ({ signal }) => {
    abort.abort(new Error('enough'));
    signal.throwIfAborted();
  });
  const error = await ensureBase({ ...options, signal: abort.signal }).catch((each) => each);
  expect(error.message).toBe('enough');
  expect(built).toEqual([]);
});

test('getArchiveArgv: mmdebstrap only in namespaces that die with it', () => {
  const argv = getArchiveArgv('trixie', '/x/base.tar');
  expect(argv.slice(0, argv.indexOf('mmdebstrap'))).toEqual([
    ...['setpriv', '--pdeathsig', 'KILL'],
    ...['unshare', '--mount', '--propagation', 'private'],
    ...['--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'],
  ]);
});
