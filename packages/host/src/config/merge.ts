import type { Limits } from '@cspace/protocol/sandbox';
import type { Overrides } from './overrides.ts';
import type { Config, ProjectFile, UserFile } from './schema.ts';

export interface Layers {
  defaults: Config;
  user: UserFile;
  project: ProjectFile;
  env: Overrides;
  flags: Overrides;
}

export interface Merged {
  config: Config;
  /** What the project asks for and does not get, in words. */
  notices: string[];
}

/**
 * One configuration of all layers. What the project file says counts within what the user allows (config.json over the
 * defaults): it narrows, and where it would widen it is held back with a notice. Flags and environment are the user's own
 * word and may do both.
 */
export function mergeConfig({ defaults, user, project, env, flags }: Layers): Merged {
  const notices: string[] = [];
  const overrides = { ...env, ...flags };
  const allowed = applyUser(defaults, user);
  const limits = narrowLimits(allowed.limits, project.limits ?? {}, notices);
  const network = overrides.network ?? narrowNetwork(allowed, project, notices);
  const config: Config = {
    ...allowed,
    project: overrides.project ?? project.project,
    model: overrides.model ?? project.model ?? user.model,
    substrate: overrides.substrate ?? narrowSubstrate(user, project, notices),
    network,
    volumes: project.volumes ?? allowed.volumes,
    limits: {
      cpus: overrides.cpus ?? limits.cpus,
      memoryMiB: overrides.memory ?? limits.memoryMiB,
      pids: overrides.pids ?? limits.pids,
    },
  };
  return { config, notices: dropOverridden(notices, overrides) };
}

function applyUser(defaults: Config, user: UserFile): Config {
  const { cpus, memory, pids } = user.limits ?? {};
  return {
    ...defaults,
    network: user.network ?? defaults.network,
    limits: {
      cpus: cpus ?? defaults.limits.cpus,
      memoryMiB: memory ?? defaults.limits.memoryMiB,
      pids: pids ?? defaults.limits.pids,
    },
    volumes: user.volumes ?? defaults.volumes,
    bridge: user.bridge ?? defaults.bridge,
    subnet: user.subnet ?? defaults.subnet,
    ports: { http: user.ports?.http ?? defaults.ports.http, dns: user.ports?.dns ?? defaults.ports.dns },
    idleSeconds: user.idleSeconds ?? defaults.idleSeconds,
    templates: user.templates ?? defaults.templates,
  };
}

const ALLOW = 'allow it in config.json of your cspace home';

function narrowLimits(
  allowed: Limits,
  { cpus, memory, pids }: NonNullable<ProjectFile['limits']>,
  notices: string[],
): Limits {
  const narrow = (key: string, asked: number | undefined, most: number) => {
    if (asked === undefined || asked <= most) return asked ?? most;
    notices.push(`limits.${key}: .cspace.json asks for ${asked}, ${most} is what you allow; ${ALLOW}`);
    return most;
  };
  return {
    cpus: narrow('cpus', cpus, allowed.cpus),
    memoryMiB: narrow('memory', memory, allowed.memoryMiB),
    pids: narrow('pids', pids, allowed.pids),
  };
}

function narrowNetwork(allowed: Config, project: ProjectFile, notices: string[]): Config['network'] {
  if (allowed.network === 'none' && project.network === 'nat') {
    notices.push(`network: .cspace.json asks for "nat", "none" is what you allow; ${ALLOW}`);
  }
  return allowed.network === 'none' ? 'none' : (project.network ?? allowed.network);
}

/** Another substrate may isolate less: where the user has chosen, the project has no say. */
function narrowSubstrate(user: UserFile, project: ProjectFile, notices: string[]): Config['substrate'] {
  if (
    user.substrate !== undefined &&
    project.substrate !== undefined &&
    user.substrate !== project.substrate
  ) {
    notices.push(
      `substrate: .cspace.json asks for "${project.substrate}", "${user.substrate}" is what you chose; ${ALLOW}`,
    );
  }
  return user.substrate ?? project.substrate;
}

/** Nothing is to be said of what a flag or a variable has decided. */
function dropOverridden(notices: string[], overrides: Overrides): string[] {
  const decided = Object.keys(overrides);
  return notices.filter((notice) => {
    const key = notice.slice(0, notice.indexOf(':')).replace('limits.', '');
    return !decided.includes(key);
  });
}
