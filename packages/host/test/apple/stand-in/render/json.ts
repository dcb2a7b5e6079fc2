/** A value as Apple's encoder writes it: keys sorted, slashes escaped; what is undefined is left out. Pure. */
export function formatJson(value: unknown, { pretty }: { pretty: boolean }): string {
  return pretty ? formatPretty(value, '') : formatCompact(value);
}

const formatScalar = (value: unknown): string => (JSON.stringify(value) ?? 'null').replaceAll('/', '\\/');

const getEntries = (value: object): [string, unknown][] =>
  Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));

function formatCompact(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatCompact).join(',')}]`;
  if (typeof value !== 'object' || value === null) return formatScalar(value);
  return `{${getEntries(value)
    .map(([key, one]) => `${formatScalar(key)}:${formatCompact(one)}`)
    .join(',')}}`;
}

/** A blank before the colon too, and an empty line in what is empty, as Foundation has it. */
function formatPretty(value: unknown, indent: string): string {
  const inner = `${indent}  `;
  const wrap = (open: string, lines: string[], close: string): string =>
    lines.length === 0
      ? `${open}\n\n${indent}${close}`
      : `${open}\n${lines.map((line) => inner + line).join(',\n')}\n${indent}${close}`;
  if (Array.isArray(value))
    return wrap(
      '[',
      value.map((one) => formatPretty(one, inner)),
      ']',
    );
  if (typeof value !== 'object' || value === null) return formatScalar(value);
  const lines = getEntries(value).map(([key, one]) => `${formatScalar(key)} : ${formatPretty(one, inner)}`);
  return wrap('{', lines, '}');
}
