import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_ROLE_BYTES = 64 * 1024;

/**
 * What the project tells an agent about its role (`.cspace/agent.md` of the clone), to be added to the system prompt.
 * Undefined where there is none; read anew at every start of the agent, cut at 64 KiB.
 */
export async function readRole(workspace: string): Promise<string | undefined> {
  try {
    // O_NONBLOCK: a FIFO of that name must not hold us.
    const file = await open(
      join(workspace, '.cspace', 'agent.md'),
      constants.O_RDONLY | constants.O_NONBLOCK,
    );
    try {
      if (!(await file.stat()).isFile()) return undefined;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_ROLE_BYTES), 0, MAX_ROLE_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead).trim() || undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
