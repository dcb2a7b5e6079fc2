import { stripControls, toOneLine } from './terminal-text.ts';

const MIN_LAST_COLUMN = 20;

/** The table with what does not fit `columns` cut from the last cell of each row, which keeps 20 at least. */
export function formatTableWithin(columns: number, rows: readonly (readonly string[])[]): string {
  const before = formatTable(rows.map((row) => [...row.slice(0, -1), '|']));
  const fixed = Bun.stringWidth(before.slice(0, before.indexOf('|\n')));
  const last = Math.max(MIN_LAST_COLUMN, columns - fixed);
  return formatTable(rows.map((row) => [...row.slice(0, -1), toOneLine(row.at(-1) ?? '', last)]));
}

/**
 * Columns as wide as their widest cell, two spaces apart, no spaces at the end of a line. Cells are made safe for a
 * terminal: what a guest said of itself may stand in any of them.
 */
export function formatTable(raw: readonly (readonly string[])[]): string {
  const rows = raw.map((row) => row.map((cell) => stripControls(cell).replace(/[\n\t]/g, ' ')));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, Bun.stringWidth(cell));
  }
  const formatRow = (row: readonly string[]) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - Bun.stringWidth(cell)))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${formatRow(row)}\n`).join('');
}
