/** The codes of Apple's `ContainerizationError`. */
export type FailureCode =
  | 'unknown'
  | 'invalidArgument'
  | 'internalError'
  | 'exists'
  | 'notFound'
  | 'cancelled'
  | 'invalidState'
  | 'empty'
  | 'timeout'
  | 'unsupported'
  | 'interrupted';

/** What makes a command end with 1 and `Error: <code>: "<message>"` on stderr. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly nested: Failure | undefined;

  constructor(code: FailureCode, message: string, nested?: Failure) {
    super(message);
    this.code = code;
    this.nested = nested;
  }
}

/** Several things failed at once: their texts stand on a line each. */
export class Failures extends Error {
  readonly all: readonly Failure[];

  constructor(all: readonly Failure[]) {
    super('several failed');
    this.all = all;
  }
}

/** The command line could not be understood: 64 (EX_USAGE), with the usage. */
export class UsageFailure extends Error {
  readonly usage: string;

  constructor(message: string, usage: string) {
    super(message);
    this.usage = usage;
  }
}

/** A text in Swift's quotes, as a description of a string has it. */
const quote = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** `<code>: "<message>"`, and where one lies behind it ` (cause: "<nested>")`. */
export function formatFailure(failure: Failure): string {
  const text = `${failure.code}: ${quote(failure.message)}`;
  return failure.nested ? `${text} (cause: ${quote(formatFailure(failure.nested))})` : text;
}
