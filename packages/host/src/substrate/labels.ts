import { createHash } from 'node:crypto';
import { SandboxRef } from '@cspace/protocol/names';

/** Everything we make in an engine carries these; what does not carry our home's is never touched. */
export const LABELS = {
  home: 'dev.cspace.home',
  project: 'dev.cspace.project',
  sandbox: 'dev.cspace.sandbox',
  /** The call that made it. */
  attempt: 'dev.cspace.attempt',
} as const;

/** Identifies a CSPACE_HOME among those on this host; `realHome` is its real path, without symbolic links. */
export function getHomeLabel(realHome: string): string {
  return createHash('sha256').update(realHome).digest('hex').slice(0, 12);
}

export function getLabels(ref: SandboxRef, homeLabel: string): Record<string, string> {
  return { [LABELS.home]: homeLabel, [LABELS.project]: ref.project, [LABELS.sandbox]: ref.sandbox };
}

/** Which sandbox of ours a thing with these labels belongs to; undefined where it is not ours, or its names are not names. */
export function parseLabels(
  labels: Readonly<Record<string, string>>,
  homeLabel: string,
): SandboxRef | undefined {
  if (labels[LABELS.home] !== homeLabel) return undefined;
  const ref = SandboxRef.safeParse({ project: labels[LABELS.project], sandbox: labels[LABELS.sandbox] });
  return ref.success ? ref.data : undefined;
}
