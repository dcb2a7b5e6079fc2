import { ProblemError } from '@cspace/protocol/problem';
import type { CliContext } from '../context.ts';
import { setUpHost } from '../offer-setup.ts';
import { printJson } from '../output/json.ts';
import type { SetupOutput } from '../output/schemas.ts';

export interface SetupFlags {
  json?: boolean;
  yes?: boolean;
}

export async function runSetup(context: CliContext, flags: SetupFlags): Promise<number> {
  const { changed, command, findings } = await setUpHost(context, { yes: flags.yes === true });
  const left = findings.filter((finding) => !finding.ok);
  if (left.length > 0) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: 'this machine still lacks something that no package mends',
      why: left.map(({ what, why }) => (why === undefined ? what : `${what}: ${why}`)).join('\n'),
      fix: left.find((finding) => finding.fix !== undefined)?.fix ?? 'cspace doctor',
    });
  }
  if (flags.json) printJson(context.stdout, { changed, command } satisfies SetupOutput);
  else context.stdout.write(changed ? 'this machine is set up\n' : 'nothing is missing\n');
  return 0;
}
