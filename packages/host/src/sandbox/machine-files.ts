import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { Mount } from '../substrate/substrate.ts';
import { ensureFolder, writeFileAtomic } from '../system/files.ts';
import { GUEST } from '../system/paths.ts';
import type { House } from './house.ts';

/** The text of each file in /run/cspace. */
export interface RunFiles {
  'secrets.env': string;
  'supervisor.env': string;
  'api.token': string;
  'resolv.conf': string;
  'upstream.conf': string;
  hosts: string;
  'sandbox.json': string;
}

/** Makes the machine's folder anew; what an earlier machine left in it is gone. */
export async function createMachineFolder(house: House, ref: SandboxRef): Promise<void> {
  await removeMachineFolder(house, ref);
  await ensureFolder(house.paths.machine(ref), { owner: house.owner });
  // Others inside read it as well, dnsmasq among them; on the host, the machine's folder lets nobody else in.
  await ensureFolder(house.paths.machineRun(ref), { owner: house.owner, mode: 0o755 });
}

export async function removeMachineFolder(house: House, ref: SandboxRef): Promise<void> {
  house.tokens.forget(ref);
  await rm(house.paths.machine(ref), { recursive: true, force: true });
}

export async function writeRunFiles(house: House, ref: SandboxRef, files: RunFiles): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const mode = /\.(env|token)$/.test(name) ? 0o600 : 0o644;
    await writeFileAtomic(join(house.paths.machineRun(ref), name), text, { owner: house.owner, mode });
  }
}

/**
 * The folders that last: session and transcripts. The guest can write in the first, so the second may by now be a
 * symbolic link to anywhere: that is refused, never bound.
 */
export async function ensureSessionFolders(house: House, ref: SandboxRef): Promise<void> {
  try {
    await ensureFolder(house.paths.session(ref), { owner: house.owner });
    await ensureFolder(house.paths.transcripts(ref), { owner: house.owner });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
    throw new ProblemError({
      code: 'sandbox-broken',
      message: `the session folder of ${ref.sandbox} was tampered with`,
      why: (error as Error).message,
      fix: `look at ${house.paths.session(ref)}, then remove what is no folder there`,
    });
  }
}

export function getMounts(house: House, ref: SandboxRef): Mount[] {
  const { paths } = house;
  return [
    { source: paths.clone(ref), target: GUEST.workspace, readOnly: false },
    { source: paths.session(ref), target: GUEST.sessions, readOnly: false },
    { source: paths.transcripts(ref), target: GUEST.transcripts, readOnly: false },
    { source: paths.machineRun(ref), target: GUEST.run, readOnly: true },
  ];
}
