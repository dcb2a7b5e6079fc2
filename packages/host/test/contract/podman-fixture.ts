import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxRef } from '@cspace/protocol/names';
import { attachMachine, detachMachine } from '../../src/network/attach.ts';
import { ensureNetwork, getCablesConfig, removeNetwork, writeRules } from '../../src/network/network.ts';
import type { Member } from '../../src/network/rules.ts';
import { getHomeLabel } from '../../src/substrate/labels.ts';
import { createPodman } from '../../src/substrate/podman/podman.ts';
import type { Plug } from '../../src/substrate/substrate.ts';
import type { Fixture } from './harness.ts';

export const BASE_IMAGE = process.env.CSPACE_TEST_IMAGE ?? 'localhost/cspace:latest';

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
  const folder = mkdtempSync(join(tmpdir(), 'cspace-contract-'));
  const owner = { uid: 1501, gid: 1501 };
  const network = {
    bridge: 'cspace0',
    subnet: '192.168.64.0/24',
    ports: { dns: 5354, http: 6280 },
    home: folder,
    owner,
  };
  const members = new Map<string, Member>();
  const addresses = new Map<string, string>();
  const substrate = createPodman({
    folder: join(folder, 'engine'),
    owner,
    homeLabel: getHomeLabel(folder),
    addressOf: (ref) => addresses.get(ref.sandbox),
  });
  const image = `localhost/cspace-contract:${process.pid}`;
  const signal = () => AbortSignal.timeout(60_000);
  await ensureNetwork(network, [], signal());
  await buildImage(folder, image, (context) => substrate.ensureImage({ ...context, signal: signal() }));
  return {
    substrate,
    homeLabel: getHomeLabel(folder),
    image,
    folder,
    async attach(ref: SandboxRef, plug: Plug) {
      const address = addresses.get(ref.sandbox) ?? `192.168.64.${addresses.size + 2}`;
      addresses.set(ref.sandbox, address);
      members.set(address, { address, ...ref, network: 'nat' });
      await writeRules(network, [...members.values()], signal());
      return attachMachine({ ...(await getCablesConfig(network)), plug, address }, signal());
    },
    async detach(ref) {
      const address = addresses.get(ref.sandbox);
      if (address !== undefined) {
        await detachMachine({ ...(await getCablesConfig(network)), address }, signal());
      }
    },
    async dispose() {
      podman(['rmi', '--force', image], substrate.execEnv);
      await removeNetwork(network, signal());
      rmSync(folder, { recursive: true });
    },
  };
}

interface TestContext {
  tag: string;
  folder: string;
  buildArgs: Record<string, string>;
  onLine: (line: string) => void;
}

async function buildImage(
  folder: string,
  tag: string,
  build: (context: TestContext) => Promise<void>,
): Promise<void> {
  const context = join(folder, 'image');
  mkdirSync(context);
  const dockerfile = `FROM ${BASE_IMAGE}\nENTRYPOINT ["/bin/sh", "/workspace/boot"]\nCMD []\n`;
  writeFileSync(join(context, 'Dockerfile'), dockerfile);
  await build({ tag, folder: context, buildArgs: {}, onLine: () => undefined });
  rmSync(context, { recursive: true });
}
