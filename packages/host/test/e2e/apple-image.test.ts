import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureImage } from '../../src/image/build.ts';
import { createApple } from '../../src/substrate/apple/apple.ts';
import { parseImageProgram } from '../../src/substrate/apple/parse.ts';
import { probeApple } from '../../src/substrate/apple/probe.ts';
import type { Substrate } from '../../src/substrate/substrate.ts';
import { BASE_ENV } from '../../src/system/exec.ts';
import { getOwner } from '../../src/system/owner.ts';
import { getPaths } from '../../src/system/paths.ts';
import { installStandIn, type StandIn } from '../apple/install.ts';
import { APPLE_VERSION } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';

const test = testUnless(
  process.platform === 'darwin'
    ? 'this is the real container'
    : process.getuid?.() !== 0
      ? 'needs root'
      : undefined,
);
const BUILD_MS = 120_000;

let home: string;
let standIn: StandIn;
let apple: Substrate;
beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'cspace-image-')));
  standIn = installStandIn({ folder: join(home, 'tools'), version: APPLE_VERSION });
  const path = `${standIn.bin}:${BASE_ENV.PATH}`;
  const made = createApple({
    homeLabel: 'image-test',
    addressOf: () => undefined,
    path,
    probe: (signal) => probeApple({ path, signal }),
  });
  // The one that the gate has made counts for nothing; the builder's steps are remembered, since a lab has no way out.
  apple = { ...made, builder: { ...made.builder, hasImage: isBase }, hasImage: isBase };
});
afterAll(async () => {
  await standIn?.dispose();
  if (home) rmSync(home, { recursive: true, force: true });
});

const isBase = async (tag: string): Promise<boolean> => tag.startsWith('localhost/debian:');

test(
  'ensureImage: `container build` takes the Dockerfile of the real image, whose program is the entrypoint',
  async () => {
    const lines: string[] = [];
    const { tag, built } = await ensureImage({
      substrate: apple,
      paths: getPaths(join(home, 'home')),
      owner: getOwner({}),
      signal: AbortSignal.timeout(BUILD_MS),
      onProgress: (line) => lines.push(line),
    });
    expect(built).toBe(true);
    expect(lines.join('\n')).toContain('LABEL dev.cspace.standby=1');
    const inspected = await standIn.container(['image', 'inspect', tag]);
    expect(parseImageProgram(inspected.stdout)).toEqual([
      ...['/usr/bin/tini', '--', '/usr/local/lib/cspace/entrypoint'],
      'cspace-supervisor',
    ]);
  },
  BUILD_MS,
);
