import { openSync } from 'node:fs';
import type { Owner } from '../../system/owner.ts';
import type { ProcessId } from '../../system/process-id.ts';
import type { ExecOptions, Mount } from '../substrate.ts';

// Stand-ins until the real ones are merged.
export async function openShare(
  _: { mounts: Mount[]; owner: Owner; socket: string; socketUid: number },
  _s: AbortSignal,
): Promise<ProcessId> {
  throw new Error('no share yet');
}
export async function makeSshFiles(_: { folder: string; uid: number }, _s: AbortSignal): Promise<void> {}
export async function readGuestKeys(_: string): Promise<{ hostKey: string; authorized: string }> {
  return { hostKey: '', authorized: '' };
}
export function getSshArgv(
  _m: { folder: string; uid: number; address: string },
  _a: readonly string[],
  _o: ExecOptions,
): string[] {
  return ['false'];
}
export async function endConnections(_: string): Promise<number> {
  return 0;
}
export function openTap(_: string): number {
  return openSync('/dev/null', 'r');
}
