import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFound {
  pid: number;
  argv: string[];
}

/** Processes of this host whose arguments are what is looked for; zombies, which have none, are not among them. */
export function findProcesses(isWanted: (argv: string[]) => boolean): ProcessFound[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
        return argv.length > 0 && isWanted(argv) ? [{ pid: Number(name), argv }] : [];
      } catch {
        return []; // it has ended
      }
    });
}
