/** The parts of one `up`, as `cspace up --json` tells them; milliseconds since its beginning. */
export interface Up {
  /** Taken from a memory template. */
  restored: boolean;
  /** From asking for the machine to where commands can be run in it. */
  machineMs: number;
  /** From asking for the machine to a healthy supervisor. */
  healthyMs: number;
}

interface SpanLine {
  type: string;
  span: string;
  startMs: number;
  durationMs: number;
}

/** Throws where a part is missing. */
export function parseUp(text: string): Up {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SpanLine);
  const spans = new Map(lines.filter(({ type }) => type === 'span').map((line) => [line.span, line]));
  const restored = spans.has('restore');
  const get = (name: string) => {
    const span = spans.get(name);
    if (!span) throw new Error(`up told nothing of ${name}`);
    return { from: span.startMs, to: span.startMs + span.durationMs };
  };
  const begin = get('create').from;
  return {
    restored,
    machineMs: get(restored ? 'restore' : 'start').to - begin,
    healthyMs: get('supervisor').to - begin,
  };
}
