import { existsSync } from 'node:fs';
import { VERSION } from '@cspace/protocol/version';
import { loadConfig } from '../config/load.ts';
import { createPracticeModel } from '../model/practice-model.ts';
import { noteExit } from '../sandbox/exited.ts';
import type { House } from '../sandbox/house.ts';
import type { MachineEvent, Substrate } from '../substrate/substrate.ts';
import { removeEngineFolder } from '../system/engine-folder.ts';
import { tryLockFile } from '../system/file-lock.ts';
import { ensureFolder } from '../system/files.ts';
import { createFileLog, type Log } from '../system/log.ts';
import type { Owner } from '../system/owner.ts';
import { getPaths, type Paths } from '../system/paths.ts';
import { createHouse } from './create-house.ts';
import { createDnsService } from './dns-service.ts';
import { createApp, getRunning } from './http/app.ts';
import { createHttpService } from './http/http-service.ts';
import { createIdleTimer } from './idle.ts';
import { createOpenRequests } from './open-requests.ts';
import { compareWithMachines, reconcile } from './reconcile.ts';
import { createResolverKeeper } from './resolver-keeper.ts';
import { listenOnSocket } from './server.ts';

export interface DaemonOptions {
  /** CSPACE_HOME. */
  home: string;
  owner: Owner;
}

/** An `up` under way may build an image: a daemon that was told to leave waits that long for it. */
const DRAIN_TIMEOUT_MS = 30 * 60_000;
/** What is asked by TCP is short, but for the model; a sandbox must not keep the daemon from leaving. */
const HTTP_DRAIN_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 10_000;
const LOCK_PAUSE_MS = 20;
/** Removing the network is a handful of short commands. */
const REMOVE_TIMEOUT_MS = 15_000;

/**
 * The daemon, from its lock to its end: by request, by SIGTERM or SIGINT, or because nothing was to do for long.
 * Returns at once where another daemon of the same home runs. Throws ProblemError where it cannot start.
 */
export async function runDaemon({ home, owner }: DaemonOptions): Promise<void> {
  const paths = getPaths(home);
  await ensureFolder(home, { owner });
  const unlock = await waitForLock(paths, owner);
  if (!unlock) return;
  const log = createFileLog(paths.daemonLog, owner);
  log.info('started', { version: VERSION, pid: process.pid });
  const leaving = new AbortController();
  const leave = (why: string) => {
    log.info('leaving', { why });
    leaving.abort(new Error(why));
  };
  process.on('SIGTERM', () => leave('SIGTERM'));
  process.on('SIGINT', () => leave('SIGINT'));
  // The terminal that we were started from may close.
  process.on('SIGHUP', () => {});
  try {
    await serve({ home, owner }, log, { signal: leaving.signal, leave });
  } finally {
    log.info('left');
    unlock();
  }
}

/** Another daemon that leaves holds the lock until it is gone; one that serves will not give it. */
async function waitForLock(paths: Paths, owner: Owner): Promise<(() => void) | undefined> {
  const deadline = performance.now() + LOCK_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const unlock = tryLockFile(paths.daemonLock, owner);
    if (unlock || existsSync(paths.socket)) return unlock;
    await Bun.sleep(LOCK_PAUSE_MS);
  }
  return undefined;
}

interface Leaving {
  signal: AbortSignal;
  leave(why: string): void;
}

async function serve({ home, owner }: DaemonOptions, log: Log, { signal, leave }: Leaving): Promise<void> {
  const { config } = await loadConfig({ home });
  // All that the daemon takes from its environment is for tests: an image with more in it, a model that is scripted, sysctls
  // taken away, another folder for what microVMs start from, a stand-in for Apple's programs.
  const {
    CSPACE_TEST_APPLE_TOOLS: appleTools,
    CSPACE_TEST_FORWARDING: forwarding,
    CSPACE_TEST_IMAGE: testImage,
    CSPACE_TEST_SCRIPTS: scripts,
    CSPACE_TEST_VM_STORE: vmStore,
  } = process.env;
  const house = await createHouse({ home, owner, config, log, forwarding, testImage, vmStore, appleTools });
  const isBusy = () => house.registry.list().some((record) => record.state === 'running');
  let isReady = false;
  const idle = createIdleTimer({
    idleSeconds: config.idleSeconds,
    // What is brought in order first may take longer than the idle time.
    isBusy: () => !isReady || isBusy(),
    onIdle: () => leave('idle'),
  });
  const requests = createOpenRequests(() => idle.begin());
  const practiceModel = createPracticeModel({ scripts: scripts === '1' });
  house.network.serve([
    createHttpService({ house, port: config.ports.http, practiceModel, requests, signal }),
    createDnsService({
      port: config.ports.dns,
      registry: house.registry,
      network: house.network,
    }),
  ]);
  const resolver = createResolverKeeper(house);
  house.registry.onChange(resolver.touch);
  house.network.onMade(resolver.keep);
  // Before anything is served: a name must not lead to an address whose machine ended while no daemon ran. What takes
  // time, taking away what is left of machines, comes after: names and the model are back in a fraction of a second.
  const machines = await compareWithMachines(house, signal);
  await resolver.keep();
  // Sandboxes that run need the gateway now; where nothing runs, `up` makes the network and says why it cannot.
  const opening = isBusy() ? house.network.ensure() : house.network.listenOnLoopback();
  await opening.catch((error) => log.error('network', { error: String(error) }));
  await reconcile(house, machines, signal);
  const startedAt = house.now().toISOString();
  const app = createApp({ house, idle, resolver, startedAt, stop: () => leave('asked to') });
  const server = listenOnSocket({ socket: house.paths.socket, owner, house, idle, fetch: app.fetch });
  isReady = true;
  idle.touch();
  log.info('ready');
  const watching = watchMachines(house, idle.touch, signal);
  await waitForAbort(signal);
  await Promise.all([server.close(DRAIN_TIMEOUT_MS), requests.drain(HTTP_DRAIN_TIMEOUT_MS)]);
  idle.stop();
  await watching;
  await resolver.leave();
  if (getRunning(house).length > 0) return house.network.close();
  await house.network.remove(AbortSignal.timeout(REMOVE_TIMEOUT_MS));
  await removeEngineFolder(house.homeLabel);
}

/** Notes every machine that ends, until the signal. */
async function watchMachines(house: House, onEnd: () => void, signal: AbortSignal): Promise<void> {
  const { log } = house;
  const onEvent = (event: MachineEvent) => {
    if (event.type === 'started') return;
    noteExit(house, event.ref, signal)
      .catch((error) => log.error('exit', { error: String(error) }))
      .finally(onEnd);
  };
  const watch = (substrate: Substrate) =>
    substrate.watch(onEvent, signal).catch((error) => log.error('watch', { error: String(error) }));
  await Promise.all(house.substrates.list().map(watch));
}

/** It may have been told to leave while it was getting ready. */
function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
