import { getHomeFolder } from '../system/home.ts';
import { spawnDetached } from '../system/spawn-detached.ts';
import type { CliContext } from './context.ts';

type Environment = CliContext['env'];

/** Time to fail in; a browser that is still there then is at work. */
const FAIL_WITHIN_MS = 1000;

/**
 * The argvs that may open a URL, the wanted one first. BROWSER is a list with colons, each a command in which `%s` stands
 * for the URL, as xdg-open and others read it. Pure.
 */
export function getOpeners(env: Environment, platform: NodeJS.Platform, url: string): string[][] {
  const wanted = (env.BROWSER ?? '')
    .split(':')
    .map((command) => command.split(/\s+/).filter(Boolean))
    .filter((words) => words.length > 0)
    .map((words) =>
      words.some((word) => word.includes('%s'))
        ? words.map((word) => word.replaceAll('%s', url))
        : [...words, url],
    );
  if (platform === 'darwin') return [...wanted, ['open', url]];
  // Without a display it would start a browser for a terminal, which there is none for.
  const hasDisplay = Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  return hasDisplay ? [...wanted, ['xdg-open', url]] : wanted;
}

/** Opens a URL outside of this terminal. Returns why it could not, in words; undefined where it did. */
export async function openInBrowser(context: CliContext, url: string): Promise<string | undefined> {
  const openers = getOpeners(context.env, process.platform, url);
  if (openers.length === 0) return 'there is no display, and BROWSER is not set';
  const env = await getBrowserEnv(context);
  let why = '';
  for (const argv of openers) {
    const result = await spawnDetached(argv, {
      env,
      owner: context.owner,
      failWithinMs: FAIL_WITHIN_MS,
    });
    if (result === undefined) return undefined;
    why = `${argv[0]}: ${result}`;
  }
  return why;
}

/** Behind sudo the browser is the owner's, with the owner's home; browsers refuse to be run as root. */
async function getBrowserEnv({ env, owner }: CliContext): Promise<Environment> {
  if (owner.uid === process.getuid?.()) return env;
  const home = await getHomeFolder(owner);
  return home === undefined ? env : { ...env, HOME: home };
}
