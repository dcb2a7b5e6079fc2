import { readdir, readFile } from 'node:fs/promises';
import { getSshPaths } from '../../../system/paths.ts';

/**
 * Ends the machine's kept connection, and every client that waits for one: to a guest that is gone each would wait until
 * it is sure. Whoever waits for a command of theirs is told. Returns how many there were.
 */
export async function endConnections(folder: string): Promise<number> {
  const { config, socket } = getSshPaths(folder);
  let ended = 0;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const [program = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
      // The kept one writes over its own command line: `ssh: SOCKET [mux]`.
      const isKept = program.startsWith(`ssh: ${socket} `);
      if (!isKept && !(program === 'ssh' && args.includes(config))) continue;
      // A client that is asked ends with the code that says so.
      process.kill(Number(pid), isKept ? 'SIGKILL' : 'SIGTERM');
      ended++;
    } catch {
      // It ended meanwhile.
    }
  }
  return ended;
}
