import type { World } from '../state.ts';
import type { ContainerRecord } from './record.ts';

/** What `logs --boot` shows: the guest's own init writes down all that it was told to start, values of variables too. */
export function getBootLog(
  { version }: World,
  { id, environment, executable, arguments: args }: ContainerRecord,
): string {
  const spec = JSON.stringify({ args: [executable, ...args], env: environment });
  return [
    '[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x610f0000]',
    '[    0.000000] Linux version 6.18.5 (root@builder) #1 SMP',
    `info vminitd: vminitd booting (container ${version})`,
    `debug vminitd: createProcess id=${id} process=${spec}`,
    '',
  ].join('\n');
}
