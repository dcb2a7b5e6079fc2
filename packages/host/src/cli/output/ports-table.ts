import type { ListeningPort } from '@cspace/protocol/ports';
import { formatTable } from './table.ts';
import { toOneLine } from './terminal-text.ts';

const MAX_PROCESS_COLUMNS = 20;
const MAX_REASON_COLUMNS = 100;
const MAX_ADDRESS_COLUMNS = 24;

/** What listens, one port a line; names and addresses come from a guest. */
export function formatPorts(ports: readonly ListeningPort[]): string {
  const rows = ports.map((port) => [
    port.protocol === 'tcp' ? String(port.port) : `${port.port}/udp`,
    port.speaks ?? '-',
    toOneLine(port.addresses[0] ?? '-', MAX_ADDRESS_COLUMNS),
    toOneLine(port.process ?? '-', MAX_PROCESS_COLUMNS),
    getUrlCell(port),
  ]);
  return formatTable([['PORT', 'SPEAKS', 'BOUND TO', 'PROCESS', 'URL'], ...rows]);
}

function getUrlCell({ url, reachable, reason }: ListeningPort): string {
  const why = reason === undefined ? '' : toOneLine(reason, MAX_REASON_COLUMNS);
  if (!reachable) return `none: ${why}`;
  if (url === null) return '-';
  return why === '' ? url : `${url} (${why})`;
}
