import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import type { ImageBuilder } from '../substrate/substrate.ts';
import type { Owner } from '../system/owner.ts';
import { makeBaseArchive } from './base-archive.ts';
import type { Pins } from './pins.ts';
import { withWorkFolder } from './work-folder.ts';
import { writeTree } from './write-tree.ts';

/** A registry that takes longer for 30 MB is no help; Debian's packages are tried then. */
const PULL_TIMEOUT_MS = 60_000;

export interface BaseOptions {
  builder: ImageBuilder;
  cache: string;
  owner: Owner;
  pins: Pins;
  signal: AbortSignal;
  onProgress: (message: string) => void;
  pullTimeoutMs?: number;
  makeArchive?: typeof makeBaseArchive;
}

/**
 * The image that ours starts from, tagged `localhost/debian:<suite>-slim`: pulled where a registry answers, else made
 * from Debian's own packages. Throws ProblemError `image-build-failed` where neither goes.
 */
export async function ensureBase(options: BaseOptions): Promise<string> {
  const { builder, pins, signal, onProgress } = options;
  const tag = `localhost/debian:${pins.debian}-slim`;
  if (await builder.hasImage(tag, signal)) return tag;
  await withWorkFolder(options, async (folder) => {
    onProgress(`base: pulling ${pins.base}`);
    const refusal = await tryPull(options, tag, folder);
    if (refusal === undefined) return;
    if (process.platform === 'darwin') {
      throw new ProblemError({
        code: 'image-build-failed',
        message: `${pins.base} could not be pulled`,
        why: refusal,
        fix: 'see that this host reaches that registry (a proxy, a VPN), then: cspace image build',
      });
    }
    onProgress(`base: no registry answers (${refusal}); making it from Debian's packages`);
    await makeBase(options, tag, folder);
  });
  return tag;
}

/** Why it could not be pulled; undefined where it was. A Dockerfile of one line pulls on every builder. */
async function tryPull(options: BaseOptions, tag: string, work: string): Promise<string | undefined> {
  const { builder, signal, pins, pullTimeoutMs = PULL_TIMEOUT_MS } = options;
  const deadline = AbortSignal.timeout(pullTimeoutMs);
  const lines: string[] = [];
  try {
    await builder.ensureImage({
      tag,
      folder: await makeContext(join(work, 'pull'), `FROM ${pins.base}\nCMD ["/bin/bash"]\n`),
      buildArgs: {},
      onLine: (line) => lines.push(line),
      signal: AbortSignal.any([signal, deadline]),
    });
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return `not within ${pullTimeoutMs / 1000} s`;
    if (!(error instanceof ProblemError)) throw error;
    return lines.at(-1)?.split(': ').at(-1) ?? error.problem.message;
  }
}

async function makeBase(options: BaseOptions, tag: string, work: string): Promise<void> {
  const { builder, pins, signal, onProgress, makeArchive = makeBaseArchive } = options;
  const folder = await makeContext(join(work, 'make'), 'FROM scratch\nADD base.tar /\nCMD ["/bin/bash"]\n');
  await makeArchive({ suite: pins.debian, archive: join(folder, 'base.tar'), work, signal, onProgress });
  await builder.ensureImage({ tag, folder, buildArgs: {}, onLine: onProgress, signal });
}

async function makeContext(folder: string, dockerfile: string): Promise<string> {
  await mkdir(folder);
  await writeTree(folder, new Map([['Dockerfile', new TextEncoder().encode(dockerfile)]]));
  return folder;
}
