import { rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { getEngineFolder } from './paths.ts';

/** Takes away what a home has there, with the folder of all homes where this was the last one. */
export async function removeEngineFolder(homeLabel: string): Promise<void> {
  const folder = getEngineFolder(homeLabel);
  await rm(folder, { recursive: true, force: true });
  await rmdir(dirname(folder)).catch(() => undefined);
}
