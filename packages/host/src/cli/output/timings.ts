import type { UpEvent } from '@cspace/protocol/daemon-api';
import { formatTable } from './table.ts';

export type SpanEvent = Extract<UpEvent, { type: 'span' }>;

/** When each part of an `up` started and how long it took, in milliseconds; parts overlap. */
export function formatTimings(spans: readonly SpanEvent[]): string {
  const rows = spans
    .toSorted((a, b) => a.startMs - b.startMs)
    .map(({ span, startMs, durationMs }) => [span, startMs.toFixed(1), durationMs.toFixed(1)]);
  return formatTable([['SPAN', 'START MS', 'MS'], ...rows]);
}
