import { Failure, type FailureCode } from './failure.ts';
import { getPaths, readJson, type World, writeJson } from './state.ts';

/** What a test turns to have the stand-in misbehave; read at every call. */
export interface Knobs {
  /** How long a command waits before it does anything: all, or by its name. */
  slowMs?: number | Record<string, number>;
  /** Of `container-apiserver`; only a running one does anything. */
  apiserver?: 'running' | 'not running' | 'unregistered';
  /** As on macOS 15, where there are no networks; or as where Local Network privacy or a VPN is in the way. */
  network?: 'ok' | 'unsupported' | 'no-route';
  /** Warnings and progress on stderr of what succeeds. */
  noise?: boolean;
  /** Machines of others, and the builder's, stand in the lists. */
  foreign?: boolean;
  /** None installed: `system start` asks, and there is no terminal. */
  kernel?: 'missing';
  failures?: PlannedFailure[];
  /** A machine has the same address at each start. */
  keepAddress?: boolean;
  /** A stopped machine does not tell when it was started last. */
  forgetStart?: boolean;
  /** Other words for what is not there or is there already: only the state tells. */
  oddText?: boolean;
}

export interface PlannedFailure {
  command: string;
  /** How many calls of it fail, from now on; without end where it is left out. */
  times?: number;
  code: FailureCode;
  message: string;
  cause?: string;
  /** It is done all the same, and only then said to have failed. */
  after?: boolean;
}

export function readKnobs(world: World): Knobs {
  return (readJson(getPaths(world).knobs) ?? {}) as Knobs;
}

/** Which failure this call of a command, by any of its names, has been planned; counts it. */
export function takeFailure(
  world: World,
  knobs: Knobs,
  names: readonly string[],
): { failure: Failure; after: boolean } | undefined {
  const path = getPaths(world).failures;
  const used = (readJson(path) ?? {}) as Record<string, number>;
  for (const planned of knobs.failures ?? []) {
    if (!names.includes(planned.command)) continue;
    const key = JSON.stringify(planned);
    const count = used[key] ?? 0;
    if (count >= (planned.times ?? Number.POSITIVE_INFINITY)) continue;
    writeJson(path, { ...used, [key]: count + 1 });
    const nested = planned.cause === undefined ? undefined : new Failure('unknown', planned.cause);
    return { failure: new Failure(planned.code, planned.message, nested), after: planned.after ?? false };
  }
  return undefined;
}

export async function waitAsSlow(knobs: Knobs, names: readonly string[]): Promise<void> {
  const { slowMs = 0 } = knobs;
  const ms = typeof slowMs === 'number' ? slowMs : Math.max(0, ...names.map((name) => slowMs[name] ?? 0));
  if (ms > 0) await Bun.sleep(ms);
}

const START_IT = 'Ensure container system service has been started with `container system start`.';

/** Every command but those about the system itself ends with it while the server is down. */
export function assertServer({ apiserver = 'running' }: Knobs): void {
  if (apiserver === 'running') return;
  throw new Failure('interrupted', `XPC connection error: Connection invalid\n${START_IT}`);
}
