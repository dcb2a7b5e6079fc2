import { randomBytes } from 'node:crypto';
import type { Limits } from '@cspace/protocol/sandbox';
import type { Cable, MachineSpec } from '../substrate.ts';
import type { Configuration } from './control.ts';
import type { VmImage } from './image/vm-image.ts';

const SEED_BYTES = 64;
/** The guest's own bound for its orderly end, for a host that is not there to force it. */
const GRACE_MS = 60_000;

export interface ConfigurationOptions {
  spec: MachineSpec;
  image: VmImage;
  cable: Cable;
  /** The guest's private host key, and the public key of whoever may run commands in it. */
  keys: { hostKey: string; authorized: string };
  /** What time it is. */
  nowMs: number;
  seed?: Buffer;
}

/** What the guest of a template is told, so that its first program is started and waits: nothing of any machine. */
export function getStandbyConfiguration({ image, limits, env }: StandbyOptions): Configuration {
  const all = { ...image.env, ...env, CSPACE_STANDBY: '1' };
  return [
    ['standby', '1'],
    ['pids', String(limits.pids)],
    ...Object.entries(all).map(([name, value]) => ['env', `${name}=${value}`] as const),
    ...[...image.entrypoint, ...image.cmd].map((argument) => ['arg', argument] as const),
    // The image's own folder may be one of the host's, which is not there yet.
    ['cwd', '/'],
  ];
}

export interface StandbyOptions {
  image: Pick<VmImage, 'env' | 'entrypoint' | 'cmd'>;
  limits: Limits;
  /** Of machines of that home, beyond the image's. */
  env: Record<string, string>;
}

/** All that makes a booted kernel this machine. It goes to the guest over its control port, and stands nowhere else. */
export function getConfiguration(options: ConfigurationOptions): Configuration {
  const { spec, image, cable, keys, nowMs, seed = randomBytes(SEED_BYTES) } = options;
  const env = { ...image.env, ...spec.env };
  return [
    ['hostname', spec.ref.sandbox],
    ['time', `${Math.floor(nowMs / 1000)}.${String((nowMs % 1000) * 1_000_000).padStart(9, '0')}`],
    ['seed', seed.toString('hex')],
    ['mac', cable.mac],
    ['address', cable.address],
    ['gateway', cable.gateway],
    ['gatewaymac', cable.gatewayMac],
    ['pids', String(spec.limits.pids)],
    ['grace', String(GRACE_MS)],
    ...Object.entries(spec.sysctls).map(([name, value]) => ['sysctl', `${name}=${value}`] as const),
    ...spec.mounts.map(
      ({ target, readOnly }, index) => ['share', `${index}:${readOnly ? 'ro' : 'rw'}:${target}`] as const,
    ),
    ...spec.volumes.map((target) => ['volume', target] as const),
    ...Object.entries(env).map(([name, value]) => ['env', `${name}=${value}`] as const),
    ...[...image.entrypoint, ...image.cmd].map((argument) => ['arg', argument] as const),
    ['cwd', image.workdir],
    ['hostkey', keys.hostKey],
    ['authorized', keys.authorized],
  ];
}
