import { z } from 'zod';
import { CONSOLE_BYTES, STATUS_BYTES } from './argv.ts';
import type { Qmp } from './qmp.ts';

const Status = z.object({ status: z.string() });
/** What QEMU says of a guest that will not go on (RunState of its qapi/run-state.json). */
const OVER = new Set(['shutdown', 'guest-panicked', 'internal-error']);

export async function isGuestOver(qmp: Qmp): Promise<boolean> {
  return OVER.has(Status.parse(await qmp.execute('query-status')).status);
}

/** What the guest wrote since it was read last, and has not been overwritten: any bytes. */
async function readRing(qmp: Qmp, device: string, size: number): Promise<Buffer> {
  const text = z.string().parse(await qmp.execute('ringbuf-read', { device, size, format: 'base64' }));
  return Buffer.from(text, 'base64');
}

export const readConsoleRing = (qmp: Qmp): Promise<Buffer> => readRing(qmp, 'console', CONSOLE_BYTES);

/** The guest's last word: how its first program ended, or why the guest gave up before that. */
export type LastWord = { exitCode: number; outOfMemory: boolean } | { failed: string };

export async function readLastWord(qmp: Qmp): Promise<LastWord | undefined> {
  return parseLastWord((await readRing(qmp, 'status', STATUS_BYTES)).toString('latin1'));
}

/** `exit CODE OOM` or `failed WHY`, a line; the last of several. Undefined where it said nothing of the kind. */
export function parseLastWord(text: string): LastWord | undefined {
  const [, code, oom, why] =
    [...text.matchAll(/^(?:exit (\d{1,3}) ([01])|failed (.{1,300}).*)$/gm)].at(-1) ?? [];
  if (why !== undefined) return { failed: why.replace(/[^\x20-\x7e]/g, '?') };
  if (code === undefined || Number(code) > 255) return undefined;
  return { exitCode: Number(code), outOfMemory: oom === '1' };
}

/** The power button. */
export async function pressPower(qmp: Qmp): Promise<void> {
  await qmp.execute('system_powerdown');
}
