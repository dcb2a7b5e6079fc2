export interface Failure {
  /** The groups it stands in before its own name. */
  name: string;
  /** What the runner says of it: the assertion with its place, or that its time was over. Many lines. */
  why: string;
}

export interface Outcome {
  passed: number;
  failed: number;
  /** Names of the skipped tests, the groups they stand in before them. */
  skipped: string[];
  failures: Failure[];
  /** Test files that the report mentions. */
  files: string[];
}

export const NO_OUTCOME: Outcome = { passed: 0, failed: 0, skipped: [], failures: [], files: [] };

const FAILURE = /<(failure|error)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/\1>)/;

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads the report of `bun test --reporter=junit`. Counted by hand from its test cases: a file that fails to load is in
 * no junit report (Bun 1.4), which `getUnreported` is for. Pure; never throws.
 */
export function parseJunit(xml: string): Outcome {
  const outcome: Outcome = { passed: 0, failed: 0, skipped: [], failures: [], files: [] };
  const files = new Set<string>();
  const cases = /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
  for (const [, attributes = '', body = ''] of xml.matchAll(cases)) {
    const name = [getAttribute(attributes, 'classname'), getAttribute(attributes, 'name')]
      .filter(Boolean)
      .join(' > ');
    files.add(getAttribute(attributes, 'file'));
    const failure = FAILURE.exec(body);
    if (failure) {
      const [, , said = '', whole = ''] = failure;
      outcome.failed += 1;
      outcome.failures.push({ name, why: decode(whole).trim() || getAttribute(said, 'message') });
    } else if (/<skipped\b/.test(body)) outcome.skipped.push(name);
    else outcome.passed += 1;
  }
  return { ...outcome, files: [...files] };
}

function getAttribute(attributes: string, name: string): string {
  return decode(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
}

function decode(value: string): string {
  return value.replace(/&(?:#(\d+)|(\w+));/g, (whole, code, entity) =>
    code ? String.fromCodePoint(Number(code)) : (ENTITIES[entity] ?? whole),
  );
}

/** The files asked for that ran no test: they failed to load, or hold none. */
export function getUnreported(asked: readonly string[], outcome: Outcome): string[] {
  const seen = new Set(outcome.files.map((file) => file.replace(/^\.\//, '')));
  return asked.filter((file) => !seen.has(file));
}

/** One outcome of many. */
export function sumOutcomes(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
    skipped: outcomes.flatMap(({ skipped }) => skipped),
    failures: outcomes.flatMap(({ failures }) => failures),
    files: outcomes.flatMap(({ files }) => files),
  };
}

/** `12 passed, 0 failed, 1 skipped`, the last part only where there is one. */
export function formatCounts({ passed, failed, skipped }: Outcome): string {
  const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
  return `${passed} passed, ${failed} failed${tail}`;
}
