import { rm } from 'node:fs/promises';
import type { UpRequest } from '@cspace/protocol/daemon-api';
import { formatRef, getBranch, SandboxRef } from '@cspace/protocol/names';
import { ProblemError } from '@cspace/protocol/problem';
import type { SandboxView, SubstrateKind } from '@cspace/protocol/sandbox';
import type { SandboxRecord } from '../registry/record.ts';
import { isSameFolder } from '../system/real-path.ts';
import { runTogether } from '../system/together.ts';
import { boot } from './boot.ts';
import type { House } from './house.ts';
import { clearMachine } from './machine.ts';
import { pickName } from './pick-name.ts';
import { createClone } from './provision/clone.ts';
import { getKeychain, readCredentials } from './provision/credentials.ts';
import { removeFolders } from './remove.ts';
import type { UpReporter } from './spans.ts';
import { getView, refuseBroken } from './view.ts';

export interface UpResult {
  sandbox: SandboxView;
  /** False where it ran already. */
  created: boolean;
}

/**
 * Brings a sandbox up: reserves the name, makes clone, image and machine, waits for the supervisor. What fails, or is
 * aborted, is undone before it throws, and the name is as free as it was. A sandbox that runs is left as it is.
 */
export async function up(
  house: House,
  request: UpRequest,
  report: UpReporter,
  signal: AbortSignal,
): Promise<UpResult> {
  const ref = chooseRef(house, request);
  const release = await report.span('lock', () => house.locks.acquire(formatRef(ref), signal));
  try {
    refuseForeignProject(house, request);
    const existing = house.registry.get(ref);
    if (existing?.state === 'running') {
      refuseToMove(existing, request.substrate);
      return { sandbox: getView(existing), created: false };
    }
    refuseBroken(house, ref);
    return {
      sandbox: getView(await bringUp({ house, request, ref, existing, report, signal })),
      created: true,
    };
  } finally {
    release();
  }
}

interface Attempt {
  house: House;
  request: UpRequest;
  ref: SandboxRef;
  existing: SandboxRecord | undefined;
  report: UpReporter;
  signal: AbortSignal;
}

async function bringUp(attempt: Attempt): Promise<SandboxRecord> {
  const { house, request, ref, existing, report, signal } = attempt;
  // Read before anything is made: a bad secrets.env should cost nothing.
  const { paths, owner, homeLabel } = house;
  const keychain = getKeychain(homeLabel);
  const credentials = await readCredentials({ paths, owner, env: request.env, keychain });
  // A sandbox stays with what it was made with, unless somebody says otherwise: its machine is made anew by every `up`.
  const substrate = await house.substrates.pick(request.substrate ?? existing?.substrate, signal);
  const record = reserve(attempt, { substrate, practice: credentials.practice });
  await house.registry.put(record);
  try {
    if (existing) await clearMachine(house, existing, 0);
    const [image] = await runTogether(signal, [
      (signal) =>
        house.image.ensure({
          substrate: record.substrate,
          force: false,
          signal,
          onProgress: (line) => report.progress('image', line),
        }),
      (signal) =>
        report.span('clone', () =>
          createClone({
            paths,
            ref,
            repository: request.repository,
            source: request.source,
            ...(request.base === undefined ? {} : { base: request.base }),
            owner,
            signal,
            onProgress: (line) => report.progress('clone', line),
          }),
        ),
      () => report.span('network', () => house.network.ensure()),
    ] as const);
    return await boot({ house, record, image: image.tag, credentials, report, signal });
  } catch (error) {
    report.progress('undo', `undoing what was done for ${ref.sandbox}`);
    // It may have been given an address meanwhile.
    await undoUp(house, house.registry.get(ref) ?? record, existing?.substrate);
    throw signal.aborted ? interrupted(ref) : error;
  }
}

/**
 * Takes back an `up` that did not come to its end; also one that an earlier daemon left half way. `before`: what the
 * sandbox was made with until then.
 */
export async function undoUp(
  house: House,
  record: SandboxRecord,
  before: SubstrateKind = record.substrate,
): Promise<void> {
  await clearMachine(house, record, 0);
  await house.journal.append(record, { type: 'stopped', by: 'undo' });
  await rm(house.paths.partialClone(record), { recursive: true, force: true });
  if (!record.fresh) {
    await house.registry.put({ ...record, substrate: before, state: 'stopped' });
    return;
  }
  await removeFolders(house, record);
  await house.registry.remove(record);
}

/** The name asked for, or a free one; nobody else can choose it before our lock, which is taken at once. */
function chooseRef(house: House, request: UpRequest): SandboxRef {
  const { project } = request;
  const taken = new Set(house.registry.list().map(formatRef));
  for (const broken of house.registry.listBroken()) taken.add(formatRef(broken.ref));
  const isTaken = (sandbox: string) =>
    taken.has(formatRef({ project, sandbox })) || house.locks.isHeld(formatRef({ project, sandbox }));
  const parsed = SandboxRef.safeParse({ project, sandbox: request.sandbox ?? pickName(isTaken) });
  if (parsed.success) return parsed.data;
  throw new ProblemError({
    code: 'name-invalid',
    message: `a sandbox cannot be called ${JSON.stringify(request.sandbox)} in project ${project}`,
    why: parsed.error.issues.map((issue) => issue.message).join('; '),
    fix: 'cspace up mercury',
  });
}

function refuseForeignProject(house: House, request: UpRequest): void {
  const other = house.registry
    .list()
    .find(
      (record) => record.project === request.project && !isSameFolder(record.repository, request.repository),
    );
  if (!other) return;
  throw new ProblemError({
    code: 'project-taken',
    message: `the project name ${request.project} belongs to another repository`,
    why: `${formatRef(other)} was made from ${other.repository}`,
    fix: 'give this repository a name of its own: "project" in .cspace.json',
  });
}

/** Throws `sandbox-busy` where a running sandbox is to have a machine of another kind: that would be the end of what runs. */
function refuseToMove(record: SandboxRecord, wanted: SubstrateKind | undefined): void {
  if (wanted === undefined || wanted === record.substrate) return;
  const { sandbox, substrate } = record;
  throw new ProblemError({
    code: 'sandbox-busy',
    message: `${sandbox} runs with ${substrate}, not with ${wanted}`,
    why: 'what a machine is made with can be changed while it is stopped; clone and conversation stay',
    fix: `cspace down ${sandbox} && cspace up ${sandbox} --substrate ${wanted}`,
  });
}

/** The record of a sandbox that is being brought up. Its address is taken from now on, where we give it. */
function reserve(
  { house, request, ref, existing }: Attempt,
  { substrate, practice }: Pick<SandboxRecord, 'substrate' | 'practice'>,
): SandboxRecord {
  return {
    v: 1,
    ...ref,
    repository: request.repository,
    branch: getBranch(ref.sandbox),
    state: 'starting',
    fresh: existing === undefined || existing.fresh,
    address: house.network.isOwn ? null : reserveAddress(house, ref, existing),
    substrate,
    limits: request.limits,
    network: request.network,
    volumes: request.volumes,
    // The one it was made with, where nobody says otherwise now.
    model: request.model ?? existing?.model ?? null,
    practice,
    session: existing?.session ?? null,
    createdAt: existing?.createdAt ?? house.now().toISOString(),
  };
}

function reserveAddress(house: House, ref: SandboxRef, existing: SandboxRecord | undefined): string {
  const taken = new Set<string>();
  for (const other of house.registry.list()) {
    const holds = other.state !== 'stopped' && other.state !== 'exited';
    if (holds && other.address !== null && formatRef(other) !== formatRef(ref)) taken.add(other.address);
  }
  const address = house.network.pickAddress(taken, existing?.address ?? null);
  if (address === undefined) {
    throw new ProblemError({
      code: 'network-unavailable',
      message: 'no address is free in the subnet',
      why: `${taken.size} sandboxes run`,
      fix: 'cspace down NAME',
    });
  }
  return address;
}

function interrupted(ref: SandboxRef): ProblemError {
  return new ProblemError({
    code: 'interrupted',
    message: `up of ${ref.sandbox} was interrupted`,
    why: 'what had been made was removed again',
    fix: `cspace up ${ref.sandbox}`,
  });
}
