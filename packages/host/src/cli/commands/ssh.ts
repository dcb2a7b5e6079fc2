import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { getDomainName } from '@cspace/protocol/zones';
import { locateHome } from '../../client/locate-home.ts';
import { writeFileAtomic } from '../../system/files.ts';
import { getPaths } from '../../system/paths.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';
import { resolveRef } from '../resolve-ref.ts';
import { runInSandbox } from '../run-in-sandbox.ts';
import { getSshConfig, parseSshHost } from '../ssh/config.ts';
import { getGuestSshd } from '../ssh/guest-sshd.ts';
import { ensureSshKey } from '../ssh/key.ts';

export interface SshFlags {
  json?: boolean;
}

/** Runs the host's ssh; what follows the name is ssh's. */
export async function runSsh(
  context: CliContext,
  { name, argv }: { name: string; argv: readonly string[] },
  flags: SshFlags,
): Promise<number> {
  const ref = await resolveRef(context, name);
  const ssh = Bun.which('ssh', { PATH: context.env.PATH ?? '' });
  if (ssh === null) {
    throw new ProblemError({
      code: 'engine-missing',
      message: 'ssh is not installed on this host',
      fix: `cspace shell ${name}, or install the ssh client, such as: apt-get install openssh-client`,
    });
  }
  const home = await locateHome(context);
  const path = join(getPaths(home).ssh, 'config');
  const text = await makeConfig(context, home);
  await writeFileAtomic(path, text, { owner: context.owner });
  const child = Bun.spawn([ssh, '-F', path, getDomainName(ref), ...argv], {
    cwd: context.cwd,
    env: context.env,
    stdio: ['inherit', 'inherit', 'inherit'],
  });
  const exitCode = await child.exited;
  if (flags.json) printJson(context.stdout, { exitCode });
  return exitCode;
}

export async function runSshConfig(context: CliContext, flags: SshFlags): Promise<number> {
  const config = await makeConfig(context, await locateHome(context));
  if (flags.json) printJson(context.stdout, { config });
  else context.stdout.write(config);
  return 0;
}

async function makeConfig(context: CliContext, home: string): Promise<string> {
  const key = await ensureSshKey(home, context);
  return getSshConfig({ self: context.self, home, key: key.path });
}

/** What ssh has in the place of a connection: an sshd of the sandbox's, on our stdin and stdout. */
export async function runSshProxy(context: CliContext, host: string): Promise<number> {
  const ref = parseSshHost(host);
  if (!ref) {
    throw new ProblemError({
      code: 'usage',
      message: `${host} is the name of no sandbox`,
      fix: 'ssh mercury.PROJECT.cspace2.local',
    });
  }
  const key = await ensureSshKey(await locateHome(context), context);
  return runInSandbox(context, {
    ref,
    argv: getGuestSshd(key.line),
    tty: false,
    input: context.stdin.chunks(),
    user: 'dev',
    cwd: '/',
  });
}
