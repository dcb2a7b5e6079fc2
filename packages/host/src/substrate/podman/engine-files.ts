import { join } from 'node:path';
import type { HostFacts } from './facts.ts';

/** Names in the engine's folder. */
export const ENGINE_FILES = { conf: 'containers.conf', runtime: 'crun' } as const;

/** What podman itself asks for where nobody says anything (containers.conf(5)). */
const PODMAN_NOFILE = 1_048_576;
/** podman lowers its own hard limit of processes to this before it calls the runtime (seen with 4.3.1). */
const PODMAN_NPROC = 32_768;

/**
 * podman's configuration for this host, the only file it reads then (CONTAINERS_CONF). The runtime keeps its name, so
 * that podman called by hand, without this file, still finds a runtime for our machines.
 */
export function getContainersConf(facts: HostFacts, folder: string, podmanMajor: number): string {
  const ulimits = getUlimits(facts);
  const backend = getNetworkBackend(facts, podmanMajor);
  return [
    '# Written by cspace for this host, and again at every start of its daemon.',
    '[containers]',
    ...(ulimits.length > 0 ? [`default_ulimits = [${ulimits.map(quote).join(', ')}]`] : []),
    '[engine]',
    'runtime = "crun"',
    // journald's events need a systemd that is there; a file works everywhere.
    'events_logger = "file"',
    ...(facts.systemd ? [] : ['cgroup_manager = "cgroupfs"']),
    ...(facts.crun === undefined
      ? []
      : ['[engine.runtimes]', `crun = [${quote(getRuntimePath(facts, folder, facts.crun))}]`]),
    ...(backend === undefined ? [] : ['[network]', `network_backend = ${quote(backend)}`]),
    '',
  ].join('\n');
}

/** Without CAP_SYS_RESOURCE any limit above our own hard one is refused: "setrlimit: Operation not permitted". */
function getUlimits(facts: HostFacts): string[] {
  if (facts.mayRaiseLimits) return [];
  const nofile = Math.min(facts.maxOpenFiles, PODMAN_NOFILE);
  const nproc = Math.min(facts.maxProcesses, PODMAN_NPROC);
  return [`nofile=${nofile}:${nofile}`, `nproc=${nproc}:${nproc}`];
}

/**
 * Our machines have no network of podman's, yet it refuses every command where its backend's program is missing.
 * podman 5 knows no other one.
 */
function getNetworkBackend(facts: HostFacts, podmanMajor: number): string | undefined {
  if (facts.netavark) return 'netavark';
  return podmanMajor < 5 ? 'cni' : undefined;
}

function getRuntimePath(facts: HostFacts, folder: string, crun: string): string {
  return facts.hybridCgroups ? join(folder, ENGINE_FILES.runtime) : crun;
}

/**
 * crun in a mount namespace without the v2 hierarchy, so that it sees plain cgroup v1; undefined where it is not needed.
 * conmon calls it with an empty environment: every path is absolute.
 */
export function getRuntimeWrapper(facts: HostFacts): string | undefined {
  if (!facts.hybridCgroups || facts.crun === undefined) return undefined;
  const crun = quoteShell(facts.crun);
  return [
    '#!/bin/sh',
    '# Written by cspace: crun refuses hosts where both cgroup versions have controllers.',
    'PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH',
    `exec unshare --mount --propagation slave sh -c 'umount /sys/fs/cgroup/unified && exec "$0" "$@"' ${crun} "$@"`,
    '',
  ].join('\n');
}

const quote = (text: string): string => JSON.stringify(text);

const quoteShell = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
