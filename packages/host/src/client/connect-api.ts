import type { CliContext } from '../cli/context.ts';
import type { SandboxApi } from './sandbox-api.ts';

/** The daemon: on a host started where it does not run, in a sandbox the one that made it. */
export async function connectApi(context: CliContext): Promise<SandboxApi> {
  if (context.guest) {
    const { createGuestClient } = await import('./guest-client.ts');
    return createGuestClient(context.guest, context.signal);
  }
  const { connectDaemon } = await import('./connect.ts');
  return connectDaemon(context);
}
