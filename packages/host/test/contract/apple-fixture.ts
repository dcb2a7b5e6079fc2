import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApple } from '../../src/substrate/apple/apple.ts';
import type { Deadlines } from '../../src/substrate/apple/deadlines.ts';
import { probeApple } from '../../src/substrate/apple/probe.ts';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import type { Machine, Substrate } from '../../src/substrate/substrate.ts';
import { BASE_ENV } from '../../src/system/exec.ts';
import { installStandIn, PROGRAM, type StandIn } from '../apple/install.ts';
import type { Version } from '../apple/stand-in/versions.ts';
import type { MutationName } from '../support/apple-mutations.ts';
import type { Fixture } from './harness.ts';
import { BASE_IMAGE, buildTestImage } from './image-fixture.ts';
import { getReason as getPodmanReason, podman } from './podman-fixture.ts';

/** On a Mac it is the real one that is tried. */
const IS_MAC = process.platform === 'darwin';

/** Why it cannot be tried here: the stand-in is made of podman, the real one wants the image. */
export function getReason(): string | undefined {
  if (!IS_MAC) return getPodmanReason();
  const { code } = runContainer(BASE_ENV.PATH, ['image', 'inspect', BASE_IMAGE]);
  return code === 0 ? undefined : `the image ${BASE_IMAGE} is not there, or container does not run`;
}

/** Why what only a stand-in does cannot be tried here. */
export const getStandInReason = (): string | undefined =>
  IS_MAC ? 'this is the real container' : getReason();

export interface AppleFixture extends Fixture {
  /** Throws on a Mac. */
  getStandIn(): StandIn;
  /** By hand, as somebody else would call it. */
  container(...argv: string[]): { code: number; stdout: string; stderr: string };
  /** The program that the stand-in is. */
  program: string;
  /** From the next call on its answers are changed by that mutation; by none where it is empty. */
  mutate(name: MutationName | ''): void;
  /** Another one for the same machines, as a daemon that comes after has it. */
  another(): Substrate;
}

export interface MakeAppleOptions {
  isMutated?: boolean;
  deadlines?: Partial<Deadlines>;
}

/** Apple's `container` of that version, by the stand-in, with a home and an image of its own. */
export async function makeApple(version: Version, options: MakeAppleOptions = {}): Promise<AppleFixture> {
  const home = mkdtempSync(join(tmpdir(), 'cspace-contract-'));
  const [folder, tools] = [join(home, 'machines'), join(home, 'tools')];
  for (const path of [folder, tools]) mkdirSync(path);
  const standIn = IS_MAC ? undefined : installStandIn({ folder: tools, version });
  const mutation = join(home, 'mutation');
  writeFileSync(mutation, '');
  const plain = standIn === undefined ? BASE_ENV.PATH : `${standIn.bin}:${BASE_ENV.PATH}`;
  const path =
    standIn && options.isMutated
      ? `${makeMutated(join(home, 'mutated'), standIn, mutation)}:${plain}`
      : plain;
  const addresses = new Map<string, string>();
  const another = () =>
    createApple({
      homeLabel: getHomeLabel(home),
      addressOf: (ref) => addresses.get(ref.sandbox),
      path,
      ...(options.deadlines && { deadlines: options.deadlines }),
      probe: (signal) => probeApple({ path, signal }),
    });
  const substrate = another();
  const image = `localhost/cspace-contract:${process.pid}`;
  await buildTestImage(home, image, (context) =>
    substrate.ensureImage({ ...context, signal: AbortSignal.timeout(60_000) }),
  );
  return {
    substrate,
    getStandIn() {
      if (!standIn) throw new Error('there is no stand-in on a Mac');
      return standIn;
    },
    container: (...argv) => runContainer(plain, argv),
    program: join(tools, PROGRAM),
    mutate: (name) => writeFileSync(mutation, name),
    another,
    homeLabel: getHomeLabel(home),
    image,
    folder,
    slowness: 2,
    getCpuSeconds: (machine) => getCpuSeconds(plain, machine),
    async attach(ref, plug) {
      if (plug.kind !== 'own') throw new TypeError('it brings its network along');
      addresses.set(ref.sandbox, plug.network.address);
      return undefined;
    },
    detach: async () => {},
    async dispose() {
      if (IS_MAC) runContainer(plain, ['image', 'delete', image]);
      else podman(['rmi', '--force', image], { PATH: BASE_ENV.PATH });
      await standIn?.dispose();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A folder with another `container`, in front of the stand-in. */
function makeMutated(folder: string, standIn: StandIn, mutation: string): string {
  mkdirSync(folder);
  const script = join(import.meta.dir, '../support/mutated-container.ts');
  const words = [process.execPath, script, mutation, join(standIn.bin, 'container')];
  const text = `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(' ')} "$@"\n`;
  writeFileSync(join(folder, 'container'), text, { mode: 0o755 });
  return folder;
}

function runContainer(path: string, argv: readonly string[]) {
  const child = Bun.spawnSync(['container', ...argv], { env: { PATH: path }, timeout: 60_000 });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

/** As the service counts it. */
function getCpuSeconds(path: string, { ref }: Machine): number {
  const name = `cspace-${ref.project}--${ref.sandbox}`;
  const { stdout } = runContainer(path, ['stats', '--no-stream', '--format', 'json', name]);
  return JSON.parse(stdout)[0].cpuUsageUsec / 1e6;
}
