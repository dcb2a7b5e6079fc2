import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { z } from 'zod';

/** One mistake in a file, at a place a person can jump to: both count from 1. */
export interface Mistake {
  line: number;
  column: number;
  message: string;
}

export type Checked<T> = { ok: true; value: T } | { ok: false; mistakes: Mistake[] };

/** `file:line:column: message`, as compilers and editors write it. */
export function formatMistake(file: string, { line, column, message }: Mistake): string {
  return `${file}:${line}:${column}: ${message}`;
}

/**
 * Checks the text of a file, JSON with comments and trailing commas, against a schema; all mistakes at once.
 * `hint` adds to what is said of an unknown key.
 */
export function checkText<T>(
  text: string,
  schema: z.ZodType<T>,
  hint: (key: string) => string = () => '',
): Checked<T> {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const found: Array<{ offset: number; message: string }> = errors.map((error) => ({
    offset: error.offset,
    message: getSyntaxMessage(error),
  }));
  if (tree && errors.length === 0) {
    found.push(...findDuplicates(tree));
    const parsed = schema.safeParse(toValue(tree));
    if (parsed.success && found.length === 0) return { ok: true, value: parsed.data };
    for (const issue of parsed.error?.issues ?? []) found.push(...explainIssue(issue, tree, hint));
  } else if (found.length === 0) {
    found.push({ offset: 0, message: 'the file is empty; {} is the least' });
  }
  const mistakes = found
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => ({ ...getPosition(text, offset), message }));
  return { ok: false, mistakes };
}

/** The value of a node; unlike JSON.parse a key `__proto__` is a key like any other. */
function toValue(node: Node): unknown {
  if (node.type === 'array') return (node.children ?? []).map(toValue);
  if (node.type !== 'object') return node.value;
  const entries = (node.children ?? []).map(({ children }) => {
    const [key, value] = children ?? [];
    return [String(key?.value), value && toValue(value)] as const;
  });
  return Object.fromEntries(entries);
}

function findDuplicates(node: Node): Array<{ offset: number; message: string }> {
  const found: Array<{ offset: number; message: string }> = [];
  const seen = new Set<unknown>();
  for (const child of node.children ?? []) {
    found.push(...findDuplicates(child));
    const key = node.type === 'object' ? child.children?.[0] : undefined;
    if (!key) continue;
    if (seen.has(key.value)) found.push({ offset: key.offset, message: `${show(key.value)} a second time` });
    seen.add(key.value);
  }
  return found;
}

function explainIssue(
  issue: z.core.$ZodIssue,
  tree: Node,
  hint: (key: string) => string,
): Array<{ offset: number; message: string }> {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const node = findNodeAtLocation(tree, path) ?? tree;
  const where = path.length === 0 ? '' : `${path.join('.')}: `;
  if (issue.code !== 'unrecognized_keys')
    return [{ offset: node.offset, message: `${where}${issue.message}` }];
  return issue.keys.map((key) => ({
    offset: findKey(node, key)?.offset ?? node.offset,
    message: `${where}unknown key ${show(key)}${hint([...path, key].join('.'))}`,
  }));
}

function findKey(node: Node, key: string): Node | undefined {
  return node.children?.find((property) => property.children?.[0]?.value === key)?.children?.[0];
}

/** `PropertyNameExpected` as `property name expected`. */
function getSyntaxMessage(error: ParseError): string {
  const name = printParseErrorCode(error.error);
  return `not valid JSON: ${name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()}`;
}

function getPosition(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: offset - lastBreak };
}

/** Quoted, so that no key from a file can be taken for a word of ours or for a terminal's command. */
const show = (key: unknown) => JSON.stringify(key).slice(0, 80);
