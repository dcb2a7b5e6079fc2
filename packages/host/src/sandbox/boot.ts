import type { SandboxRecord } from '../registry/record.ts';
import type { Plug } from '../substrate/substrate.ts';
import { runTogether } from '../system/together.ts';
import { attachMachine } from './attach.ts';
import type { House } from './house.ts';
import { getSupervisor, readConsole } from './machine.ts';
import { getMachineEnv } from './machine-env.ts';
import { createMachineFolder, ensureSessionFolders, getMounts, writeRunFiles } from './machine-files.ts';
import type { Credentials } from './provision/credentials.ts';
import { waitForSupervisor } from './readiness.ts';
import { getRunFiles, type RunFilesOptions } from './run-files.ts';
import { checkSharedFiles } from './shared-files.ts';
import type { UpReporter } from './spans.ts';
import { rememberSession } from './view.ts';
import { ensureVolumeFolders, getVolumeTargets } from './volumes.ts';

export interface BootOptions {
  house: House;
  /** In state `starting`, its address reserved. */
  record: SandboxRecord;
  image: string;
  credentials: Credentials;
  report: UpReporter;
  signal: AbortSignal;
}

/** Makes and starts the machine around an existing clone; returns the record, `running`. The caller undoes. */
export async function boot(options: BootOptions): Promise<SandboxRecord> {
  const { house, record, image, credentials, report, signal } = options;
  const substrate = house.substrates.get(record.substrate);
  const { address } = record;
  report.progress('machine', `starting the machine${address === null ? '' : ` at ${address}`}`);
  await createMachineFolder(house, record);
  await ensureSessionFolders(house, record);
  await ensureVolumeFolders(house, record);
  const tokens = await house.tokens.create(record);
  const writeFiles = async (record: SandboxRecord, own: Pick<RunFilesOptions, 'network'> = {}) =>
    writeRunFiles(house, record, await getRunFiles({ house, record, credentials, tokens, ...own }));
  if (address !== null) await writeFiles(record);
  const create = (signal: AbortSignal) =>
    substrate.create(
      {
        ref: { project: record.project, sandbox: record.sandbox },
        homeLabel: house.homeLabel,
        image,
        owner: house.owner,
        mounts: getMounts(house, record),
        volumes: getVolumeTargets(record),
        network: record.network,
        limits: record.limits,
        sysctls: house.sysctls,
        env: getMachineEnv(),
        folder: house.paths.machine(record),
      },
      signal,
    );
  await runTogether(signal, [
    (signal) => report.span('create', () => create(signal)),
    (signal) => checkSharedFiles(house, record, { report, signal }),
  ]);
  await house.journal.append(record, { type: 'created', address: address ?? '', image });
  let attached = record;
  const attach = async (plug: Plug) => {
    const { cable, record: given } = await attachMachine(house, record, { plug, signal });
    attached = given;
    // What is told of the network is known only now.
    if (plug.kind === 'own') await writeFiles(attached, { network: plug.network });
    return cable;
  };
  await report.span(
    'start',
    () => substrate.start(record, attach, signal),
    ({ restored }) => (restored === true ? 'restore' : 'start'),
  );
  await house.journal.append(record, { type: 'started' });
  const running: SandboxRecord = { ...attached, state: 'running', fresh: false };
  const client = await getSupervisor(house, running);
  const health = await report.span('supervisor', () =>
    waitForSupervisor({
      client,
      inspect: (signal) => substrate.inspect(record, signal),
      readConsole: () => substrate.readConsole?.(record) ?? readConsole(house, record),
      timeoutMs: substrate.capabilities.readyTimeoutMs,
      signal,
    }),
  );
  await report.span('register', () => house.registry.put(running));
  return rememberSession(house, running, health.session);
}
