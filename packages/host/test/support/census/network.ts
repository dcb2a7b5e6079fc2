import { readdir, readFile } from 'node:fs/promises';
import { run } from '../../../src/system/exec.ts';
import type { CensusOptions } from '../census.ts';
import { isOfLivingRun } from './files.ts';

/** Our bridge and table, our cables (cs and an address in hexadecimal), named namespaces of ours and of containers. */
const OURS = /cspace|\bcs[0-9a-f]{8}\b|netns-/;

function filter(lines: string[], options: CensusOptions): string[] {
  return options.lab ? lines : lines.filter((line) => OURS.test(line));
}

async function runLines(argv: string[]): Promise<string[]> {
  const result = await run(argv, { timeoutMs: 10_000 });
  if (!result.ok) throw new Error(`${argv.join(' ')}: ${result.stderr || 'no answer'}`);
  return result.stdout.split('\n').filter((line) => line.trim() !== '');
}

/** Named network namespaces; those without a name live by a process, which is counted as one. */
export async function listNamespaces(): Promise<string[]> {
  const names = await readdir('/run/netns').catch(() => []);
  return names
    .filter((name) => OURS.test(name))
    .map((name) => `/run/netns/${name}`)
    .filter((path) => !isOfLivingRun(path));
}

/** Links of this network namespace, by name alone: their numbers and flags come and go. */
export async function listLinks(options: CensusOptions): Promise<string[]> {
  const lines = await runLines(['ip', '-o', 'link', 'show']);
  return filter(
    lines.map((line) => line.split(': ')[1]?.split('@')[0] ?? line),
    options,
  );
}

/** Routes, in all tables, and the rules that choose a table. */
export async function listRoutes(options: CensusOptions): Promise<string[]> {
  const routes = await runLines(['ip', 'route', 'show', 'table', 'all']);
  const rules = await runLines(['ip', 'rule', 'show']);
  // The host's stray-packet route carries no name of ours: by its type, which is rare, it is told apart.
  const ours = filter(routes, options);
  const unreachable = routes.filter((line) => /^unreachable \d/.test(line));
  return [...new Set([...ours, ...unreachable, ...filter(rules, options)])].map((line) => line.trim());
}

/** Every line of the nft rule set behind the names of its table and chain; one of the legacy iptables is not seen. */
export async function listRules(options: CensusOptions): Promise<string[]> {
  const result = await run(['nft', '--stateless', 'list', 'ruleset'], { timeoutMs: 10_000 });
  if (result.notFound) return [];
  if (!result.ok) throw new Error(`nft list ruleset: ${result.stderr}`);
  return filter(parseRuleset(result.stdout), options);
}

/** One line a table, chain, set and rule, each with what it stands in. Pure. */
export function parseRuleset(text: string): string[] {
  const found: string[] = [];
  const path: string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '') continue;
    if (line === '}') path.pop();
    else if (line.endsWith('{')) {
      path.push(line.slice(0, -1).trim());
      found.push(path.join(' / '));
    } else found.push([...path, line].join(' / '));
  }
  return found;
}

/** Ports of this network namespace that listen, and unix sockets of ours that do. */
export async function listPorts(options: CensusOptions): Promise<string[]> {
  const lines = await runLines([
    'ss',
    '--listening',
    '--numeric',
    '--tcp',
    '--udp',
    '--no-header',
    '--processes',
  ]);
  const ports = lines.map((line) => {
    const [protocol, , , , local] = line.split(/\s+/);
    const program = /users:\(\("([^"]+)"/.exec(line)?.[1] ?? '';
    return `${protocol} ${local} ${program}`.trim();
  });
  const unix = (await readFile('/proc/net/unix', 'utf8'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '00010000' && fields[7] !== undefined) // SO_ACCEPTCON: it listens
    .map((fields) => `unix ${fields[7]}`)
    .filter((line) => OURS.test(line) || options.folders.some((folder) => line.includes(`${folder}/`)));
  return [...new Set([...filter(ports, options), ...unix])];
}
