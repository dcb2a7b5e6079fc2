import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import { createPodman } from '../../src/substrate/podman/podman.ts';
import type { Machine } from '../../src/substrate/substrate.ts';
import type { Fixture } from './harness.ts';
import { BASE_IMAGE, buildTestImage } from './image-fixture.ts';
import { makeNetwork } from './network-fixture.ts';

/** Podman by hand, as somebody else on this host would call it. */
export function podman(args: readonly string[], env: Record<string, string>) {
  const child = Bun.spawnSync(['podman', ...args], { env, timeout: 60_000 });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

/** Why podman cannot be tried here. */
export function getReason(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (process.env.CSPACE_LAB === undefined) return 'makes a bridge: run it by scripts/lab';
  const { code } = podman(['image', 'exists', BASE_IMAGE], { PATH: process.env.PATH ?? '' });
  if (code === 0) return undefined;
  return code === 1 ? `the image ${BASE_IMAGE} is not there: cspace image build` : 'podman does not work';
}

/** Podman with a home, a network and an image of its own. The image is a layer of metadata on the one given. */
export async function makePodman(): Promise<Fixture> {
  const home = mkdtempSync(join(tmpdir(), 'cspace-contract-'));
  const folder = join(home, 'machines');
  mkdirSync(folder);
  const owner = { uid: 1501, gid: 1501 };
  const network = await makeNetwork(home, owner);
  const substrate = createPodman({
    folder: join(home, 'engine'),
    owner,
    homeLabel: getHomeLabel(home),
    addressOf: network.addressOf,
  });
  const image = `localhost/cspace-contract:${process.pid}`;
  await buildTestImage(home, image, (context) =>
    substrate.ensureImage({ ...context, signal: AbortSignal.timeout(60_000) }),
  );
  return {
    substrate,
    homeLabel: getHomeLabel(home),
    image,
    folder,
    slowness: 1,
    getCpuSeconds,
    attach: network.attach,
    detach: network.detach,
    async dispose() {
      podman(['rmi', '--force', image], substrate.execEnv);
      await network.dispose();
      rmSync(home, { recursive: true });
    },
  };
}

/** As its control group counts it: cgroup v1's own hierarchy for that, or v2. */
function getCpuSeconds({ pid }: Machine): number {
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  const v1 = /^\d+:(\S*\bcpuacct\b\S*):(.+)$/m.exec(groups);
  if (v1) return Number(readFileSync(`/sys/fs/cgroup/${v1[1]}${v1[2]}/cpuacct.usage`, 'utf8')) / 1e9;
  const path = /^0::(.+)$/m.exec(groups)?.[1];
  const stat = readFileSync(`/sys/fs/cgroup${path}/cpu.stat`, 'utf8');
  return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1e6;
}
