import { readFile, rm } from 'node:fs/promises';
import { ProblemError } from '@cspace/protocol/problem';
import { ZONES } from '@cspace/protocol/zones';
import { getTail, run } from '../system/exec.ts';
import { writeFileAtomic } from '../system/files.ts';
import { listListening, readResolverFacts } from './facts.ts';
import type { Form, Target } from './form.ts';
import { getReverseZones } from './reverse-zones.ts';

const TEST_TIMEOUT_MS = 10_000;
const RESTART_TIMEOUT_MS = 60_000;
/** Of a service manager that returned before the port is bound. */
const BACK_TIMEOUT_MS = 10_000;
const POLL_MS = 50;

/** A file in the folder that the host's own dnsmasq reads. Without the daemon only our zones get no answer. */
export const dnsmasqForm: Form = {
  name: 'dnsmasq',
  title: "a file for this host's dnsmasq",
  wildcards: true,
  describe: (target) => [`the file ${getDropIn(target)}, and a restart of dnsmasq`],
  async apply(target, signal) {
    const path = getDropIn(target);
    const before = await readDropIn(path);
    if (before !== undefined && !isOurs(before, target)) throw getForeignProblem(path);
    try {
      await writeFileAtomic(path, formatDropIn(target), { mode: 0o644 });
      await testFile(path, signal);
      await restart(signal);
    } catch (error) {
      // The host must not be left without names for our sake.
      await rm(path, { force: true });
      await restart(AbortSignal.timeout(RESTART_TIMEOUT_MS)).catch(() => undefined);
      throw error;
    }
  },
  async revert(target, signal) {
    const path = getDropIn(target);
    const text = await readDropIn(path);
    if (text === undefined || !isOurs(text, target)) return;
    await rm(path, { force: true });
    await restart(signal);
  },
  async check(target) {
    const path = getDropIn(target);
    const text = await readDropIn(path);
    if (text === formatDropIn(target)) return undefined;
    const why = text === undefined ? `${path} is gone` : `${path} is not as it was written`;
    return { why, fix: 'cspace dns install' };
  },
};

/** The file as dnsmasq reads it (dnsmasq(8)). Pure. */
export function formatDropIn(target: Target): string {
  const server = `127.0.0.1#${target.port}`;
  return [
    getHeader(target),
    `# Kept by cspace for ${target.home.replace(/[^\x20-\x7e]/g, '?')} (user ${target.uid}). To take it away: cspace dns uninstall`,
    ...[...ZONES, ...getReverseZones(target.subnet)].map((zone) => `server=/${zone}/${server}`),
    // Answers with private addresses are what stop-dns-rebind is against.
    `rebind-domain-ok=/${ZONES.join('/')}/`,
    '',
  ].join('\n');
}

function getHeader({ homeLabel }: Target): string {
  return `# cspace ${homeLabel}`;
}

function isOurs(text: string, target: Target): boolean {
  return text.split('\n')[0]?.trimEnd() === getHeader(target);
}

function getDropIn({ dropIn }: Target): string {
  if (dropIn === undefined) throw new TypeError('dnsmasq: the place of the file is not known');
  return dropIn;
}

function readDropIn(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function testFile(path: string, signal: AbortSignal): Promise<void> {
  const result = await run(['dnsmasq', '--test', `--conf-file=${path}`], {
    timeoutMs: TEST_TIMEOUT_MS,
    signal,
  });
  if (!result.ok && !result.notFound) throw getRestartProblem('dnsmasq --test', result.stderr);
}

/** It reads the files of its folder at its start only. One that does not run at all has nothing to be told. */
async function restart(signal: AbortSignal): Promise<void> {
  const { nameservers, dnsmasq } = await readResolverFacts(signal);
  if (!dnsmasq) return;
  const argv = dnsmasq.restart;
  if (!argv) throw getRestartProblem('dnsmasq', 'neither systemd, an init script nor NetworkManager runs it');
  const result = await run(argv, { timeoutMs: RESTART_TIMEOUT_MS, signal });
  if (!result.ok) throw getRestartProblem(argv.join(' '), result.stderr || result.stdout);
  const deadline = performance.now() + BACK_TIMEOUT_MS;
  const isBack = async () =>
    (await listListening(signal)).some(({ address }) => [nameservers[0], '0.0.0.0', '*'].includes(address));
  while (!(await isBack())) {
    if (performance.now() > deadline)
      throw getRestartProblem(argv.join(' '), 'nobody listens on port 53 after it');
    await Bun.sleep(POLL_MS);
  }
}

function getForeignProblem(path: string): ProblemError {
  return new ProblemError({
    code: 'host-unsupported',
    message: `there is a file ${path} that cspace did not write`,
    fix: `move it away, then: cspace dns install`,
  });
}

function getRestartProblem(what: string, why: string): ProblemError {
  return new ProblemError({
    code: 'host-unsupported',
    message: `the host's dnsmasq could not be restarted (${what})`,
    why: getTail(why, 4) || 'no answer',
    fix: 'cspace dns install --form hosts',
  });
}
