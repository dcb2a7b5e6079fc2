import type { SandboxRef } from '@cspace/protocol/names';
import { ZONES } from '@cspace/protocol/zones';
import type { HostsEntry } from './form.ts';

export interface NamedSandbox extends SandboxRef {
  /** Undefined unless its machine runs. */
  address: string | undefined;
}

/**
 * What the sandboxes are called, as /etc/hosts can say it: full names, and short ones where no other project has a sandbox
 * of that name, running or not. Names of both zones; the zones themselves are the gateway. In a fixed order. Pure.
 */
export function getHostsEntries(sandboxes: readonly NamedSandbox[], gateway: string): HostsEntry[] {
  const projects = new Map<string, number>();
  for (const { sandbox } of sandboxes) projects.set(sandbox, (projects.get(sandbox) ?? 0) + 1);
  const running = sandboxes
    .flatMap(({ sandbox, project, address }) =>
      address === undefined ? [] : [{ sandbox, project, address }],
    )
    .sort((a, b) => `${a.project}/${a.sandbox}`.localeCompare(`${b.project}/${b.sandbox}`));
  return [
    { address: gateway, names: ZONES },
    ...running.map(({ sandbox, project, address }) => ({
      address,
      names: [
        ...ZONES.map((zone) => `${sandbox}.${project}.${zone}`),
        ...(projects.get(sandbox) === 1 ? ZONES.map((zone) => `${sandbox}.${zone}`) : []),
      ],
    })),
  ];
}
