import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { patient } from './substrate-under-test.ts';
import { readLines, WEB } from './web-projects.ts';

export const CHROMIUM = '/usr/bin/chromium';
/** Generous: Next compiles at the first look, and a machine that runs tests is busy. */
const TIMEOUT_MS = 90_000;
const DRIVE = join(WEB, 'playwright/drive.mjs');

export interface WantedPage {
  url: string;
  /** It is used, and has to take an edit of its source without a reload. */
  hot: boolean;
}

/** What a browser saw of one page; see the script. */
export interface Visit {
  url: string;
  error?: string;
  first?: string;
  /** The button, before and after the edit. */
  button?: string;
  buttonAfter?: string;
  second?: string;
  opened?: string;
  sockets: { url: string; frames: number; closed: boolean }[];
  failures: string[];
}

export interface Visiting {
  /** Settles when all pages are there, or when that went wrong. */
  ready: Promise<boolean>;
  /** One for each page. */
  visits: Promise<Visit[]>;
}

/** Why a browser cannot be tried on this host; undefined where it can. */
export function getBrowserObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [CHROMIUM, '/usr/sbin/dnsmasq'].filter((path) => !existsSync(path));
  if (Bun.which('node') === null) missing.push('node');
  return missing.length === 0
    ? undefined
    : `${missing.join(', ')} missing: apt-get install chromium dnsmasq-base`;
}

/** The argv that opens pages in Chromium by Playwright; `script` is where it is run. Pure. */
export function getVisitArgv(pages: readonly WantedPage[], script = DRIVE): string[] {
  return ['node', script, JSON.stringify({ pages, timeoutMs: patient(TIMEOUT_MS) })];
}

/** Follows a started one. */
export function followVisit(child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>): Visiting {
  const errors = new Response(child.stderr).text();
  const ready = Promise.withResolvers<boolean>();
  const read = async (): Promise<Visit[]> => {
    let visits: Visit[] | undefined;
    await readLines(child.stdout, (line) => {
      if (line === 'ready') ready.resolve(true);
      else if (line.startsWith('[')) visits = JSON.parse(line) as Visit[];
      return visits !== undefined;
    });
    ready.resolve(false);
    await child.exited;
    if (visits) return visits;
    throw new Error(`the browser saw nothing: ${await errors}`);
  };
  const visits = read();
  // Who asks for it hears of a failure; nobody else is to die of it.
  visits.catch(() => undefined);
  return { ready: ready.promise, visits };
}
