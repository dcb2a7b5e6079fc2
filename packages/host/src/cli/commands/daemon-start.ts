import { startDaemon } from '../../client/start-daemon.ts';
import type { CliContext } from '../context.ts';

/** Starts the daemon as this user and waits until it answers: what clients without root run through sudo. */
export async function runDaemonStart(context: CliContext, { home }: { home: string }): Promise<number> {
  await startDaemon({ home, context });
  return 0;
}
