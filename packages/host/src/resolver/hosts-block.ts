import { ZONES } from '@cspace/protocol/zones';
import type { HostsEntry, Target } from './form.ts';

type Holder = Pick<Target, 'home' | 'homeLabel' | 'uid'>;

const END = '# END cspace';
/** Stands in the first line where the file did not end with a line feed before us. */
const JOINED = ' joined';

/**
 * The text of a hosts file with our block in it, at the place where it was, else at the end. Lines of others stay as they
 * are, also those that somebody wrote into the block. Pure.
 */
export function setBlock(text: string, entries: readonly HostsEntry[], holder: Holder): string {
  const found = split(text, holder.homeLabel);
  const joined = found ? found.joined : text !== '' && !text.endsWith('\n');
  const block = formatBlock(entries, holder, joined);
  if (found) return found.before + block + found.after;
  return text + (joined ? '\n' : '') + block;
}

/** The text without our block, as it was before there was one. Pure. */
export function removeBlock(text: string, homeLabel: string): string {
  const found = split(text, homeLabel);
  if (!found) return text;
  const { before, after, joined } = found;
  // With lines behind it the line feed has to stay: two lines of others would be one.
  return (joined && after === '' ? before.replace(/\n$/, '') : before) + after;
}

export function hasBlock(text: string, homeLabel: string): boolean {
  return split(text, homeLabel) !== undefined;
}

function formatBlock(entries: readonly HostsEntry[], holder: Holder, joined: boolean): string {
  return [
    getBegin(holder.homeLabel) + (joined ? JOINED : ''),
    `# Kept by cspace for ${toComment(holder.home)} (user ${holder.uid}). To take it away: cspace dns uninstall`,
    ...entries.map(({ address, names }) => [address, ...names].join(' ')),
    END,
    '',
  ].join('\n');
}

interface Parts {
  before: string;
  after: string;
  joined: boolean;
}

/**
 * What stands before and behind our block. Without its last line, which somebody may have deleted, it ends at the first
 * line that is not ours. A line of others within it counts as behind it.
 */
function split(text: string, homeLabel: string): Parts | undefined {
  const lines = text.split(/(?<=\n)/);
  const start = lines.findIndex((line) => isBegin(line, homeLabel));
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trimEnd() === END);
  const next = rest.findIndex((line) => line.startsWith('# BEGIN cspace '));
  const isWhole = end >= 0 && (next < 0 || end < next);
  const ownEnd = rest.findIndex((line) => !isOwn(line));
  const length = isWhole ? end : ownEnd < 0 ? rest.length : ownEnd;
  const foreign = rest.slice(0, length).filter((line) => !isOwn(line));
  return {
    before: lines.slice(0, start).join(''),
    after: [...foreign, ...rest.slice(isWhole ? length + 1 : length)].join(''),
    joined: lines[start]?.trimEnd().endsWith(JOINED) ?? false,
  };
}

function getBegin(homeLabel: string): string {
  return `# BEGIN cspace ${homeLabel}`;
}

function isBegin(line: string, homeLabel: string): boolean {
  const begin = getBegin(homeLabel);
  return [begin, begin + JOINED].includes(line.trimEnd());
}

/** Our comment, or a line all names of which are in our zones. */
function isOwn(line: string): boolean {
  if (line.startsWith('# Kept by cspace for ')) return true;
  const [address, ...names] = line.trim().split(/\s+/);
  if (!address || address.startsWith('#') || names.length === 0) return false;
  return names.every((name) => ZONES.some((zone) => name === zone || name.endsWith(`.${zone}`)));
}

/** A path may hold anything; a comment ends with its line. */
function toComment(path: string): string {
  return path.replace(/[^\x20-\x7e]/g, '?');
}
