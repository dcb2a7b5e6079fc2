import { listContainers } from './census/containers.ts';
import { listFiles, listLoopDevices, listMounts } from './census/files.ts';
import { listLinks, listNamespaces, listPorts, listRoutes, listRules } from './census/network.ts';
import { listProcesses } from './census/processes.ts';

/** What cspace could leave behind on a host. */
export const KINDS = [
  'container',
  'process',
  'mount',
  'namespace',
  'link',
  'rule',
  'route',
  'loop device',
  'port',
  'file',
] as const;
export type Kind = (typeof KINDS)[number];

/** What stands in one network namespace and nowhere else. */
export const NETWORK_KINDS: readonly Kind[] = ['link', 'rule', 'route', 'port'];

export interface CensusOptions {
  /**
   * The network namespace we are in is ours alone (a lab): every process, link, rule, route and port in it counts,
   * whatever its name.
   */
  lab: boolean;
  /** Folders in which every entry counts, such as the TMPDIR of a suite. */
  folders: readonly string[];
  /** Nothing else is looked at. */
  kinds?: readonly Kind[];
}

export interface Census {
  /** Each thing as one line that stays the same as long as the thing does. */
  items: Record<Kind, string[]>;
  /** What could not be looked at and why: a census that is blind must not pass for a clean one. */
  blind: { kind: Kind; why: string }[];
}

export interface Finding {
  kind: Kind;
  item: string;
}

type Lister = (options: CensusOptions) => Promise<string[]>;

const LISTERS: Record<Kind, Lister> = {
  container: listContainers,
  process: listProcesses,
  mount: listMounts,
  namespace: listNamespaces,
  link: listLinks,
  rule: listRules,
  route: listRoutes,
  'loop device': listLoopDevices,
  port: listPorts,
  file: listFiles,
};

/** Counts what of ours is on this host now, as seen from the network namespace we are in. Never throws. */
export async function takeCensus(options: CensusOptions): Promise<Census> {
  const census: Census = { items: {} as Census['items'], blind: [] };
  for (const kind of KINDS) {
    census.items[kind] = [];
    if (!(options.kinds ?? KINDS).includes(kind)) continue;
    try {
      census.items[kind] = (await LISTERS[kind](options)).sort();
    } catch (error) {
      census.blind.push({ kind, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return census;
}

/** What is there now and was not before. Pure. */
export function getFindings(before: Census, after: Census): Finding[] {
  return KINDS.flatMap((kind) => {
    const known = new Set(before.items[kind]);
    return after.items[kind].filter((item) => !known.has(item)).map((item) => ({ kind, item }));
  });
}

/**
 * Compares until nothing is left or `deadlineMs` is over: the kernel takes namespaces and their links away some time
 * after the last process of theirs is gone.
 */
export async function waitForNothingLeft(
  before: Census,
  options: CensusOptions & { deadlineMs: number },
): Promise<{ findings: Finding[]; blind: Census['blind'] }> {
  const end = performance.now() + options.deadlineMs;
  for (;;) {
    const after = await takeCensus(options);
    const findings = getFindings(before, after);
    if (findings.length === 0 || performance.now() > end) return { findings, blind: after.blind };
    await Bun.sleep(250);
  }
}
