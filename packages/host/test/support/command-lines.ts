import { readdirSync, readFileSync } from 'node:fs';
import type { World } from './world.ts';

export interface CommandLineWatch {
  /** Ends the watch; the command lines that were seen, arguments joined by spaces. */
  stop(): Promise<string[]>;
}

const EVERY_MS = 15;

const STOP = '/tmp/watched-long-enough';

/** Prints "ready", and once the file is there all command lines that it saw, as a list in JSON. */
const WATCH = `
import glob, json, os, time
seen = set()
print('ready', flush=True)
while not os.path.exists('${STOP}'):
    for path in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            with open(path, errors='replace') as file: seen.add(file.read().replace(chr(0), ' '))
        except OSError: pass
    time.sleep(${EVERY_MS / 1000})
print(json.dumps(sorted(seen)))`;

/** Collects the command lines of all processes of this host and of one sandbox, until it is stopped. */
export async function watchCommandLines(world: World, sandbox: string): Promise<CommandLineWatch> {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // It ended meanwhile.
      }
    }
  }, EVERY_MS);
  const inside = world.start(['exec', '--root', sandbox, '--', 'python3', '-c', WATCH]);
  const printed: string[] = [];
  const ready = Promise.withResolvers<void>();
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of inside.stdout) {
      printed.push(decoder.decode(chunk, { stream: true }));
      ready.resolve();
    }
    ready.resolve();
  })();
  await ready.promise;
  return {
    async stop() {
      clearInterval(timer);
      await world.cspace(['exec', sandbox, '--', 'touch', STOP]);
      await inside.exited;
      await reading;
      const [, list = ''] = printed.join('').split('ready\n');
      return [...seen, ...(JSON.parse(list) as string[])];
    },
  };
}
