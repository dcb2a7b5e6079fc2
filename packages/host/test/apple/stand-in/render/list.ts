import { Failure } from '../failure.ts';
import { print } from '../output.ts';
import { formatJson } from './json.ts';

export interface Listing {
  ids: readonly string[];
  objects: readonly object[];
  quiet: boolean;
  format: string;
  /** With its head. */
  table: readonly (readonly string[])[];
}

/** What a `list` prints: ids alone, one a line; or JSON on one line; or columns. */
export function printList({ ids, objects, quiet, format, table }: Listing): void {
  if (quiet) for (const id of ids) print(id);
  else if (format === 'json') print(formatJson(objects, { pretty: false }));
  else if (format === 'table') print(formatTable(table));
  else throw new Failure('unsupported', `the stand-in does not write ${format}`);
}

export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
