/**
 * Text that a guest wrote, made safe for a terminal: escape sequences are taken out whole (ECMA-48 CSI and OSC, DCS and
 * the two-byte ones), other control characters but newline and tab too, and so are the Unicode marks that turn the
 * direction of text around (CVE-2021-42574).
 */
export function stripControls(text: string): string {
  return text
    .replace(STRING_SEQUENCE, '')
    .replace(CSI_SEQUENCE, '')
    .replace(SHORT_SEQUENCE, '')
    .replace(/\r\n/g, '\n')
    .replace(CONTROL, '')
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

const ESC = '\\u001b';
/** OSC, DCS, SOS, PM and APC: up to the string terminator, or to the end of the line where that is missing. */
const STRING_SEQUENCE = new RegExp(
  `(?:${ESC}[\\]PX^_]|[\\u009d\\u0090\\u0098\\u009e\\u009f])[^\\u0007\\u001b\\u009c\\n]*(?:\\u0007|${ESC}\\\\|\\u009c)?`,
  'g',
);
const CSI_SEQUENCE = new RegExp(`(?:${ESC}\\[|\\u009b)[0-?]*[ -/]*[@-~]?`, 'g');
const SHORT_SEQUENCE = new RegExp(`${ESC}[ -/]*[0-~]?`, 'g');
/** All but tab (9) and newline (10). */
const CONTROL = /(?![\t\n])\p{Cc}/gu;

/** On one line and at most `width` columns, an ellipsis at the end where something is missing. */
export function toOneLine(text: string, width: number): string {
  const line = stripControls(text).replace(/\s+/g, ' ').trim();
  return Bun.stringWidth(line) <= width ? line : `${cut(line, Math.max(1, width - 1))}…`;
}

function cut(text: string, width: number): string {
  let out = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += Bun.stringWidth(segment);
    if (used > width) break;
    out += segment;
  }
  return out;
}

/** Lines of at most `width` columns, broken between words; longer words stay whole, so that they can be copied. */
export function wrapText(text: string, width: number, indent = ''): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, width - indent.length))
    .map((line) => (line === '' ? '' : indent + line))
    .join('\n');
}

function wrapLine(line: string, width: number): string[] {
  if (Bun.stringWidth(line) <= width) return [line];
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (current !== '' && Bun.stringWidth(longer) > width) {
      lines.push(current);
      current = word;
    } else {
      current = longer;
    }
  }
  return [...lines, current];
}
