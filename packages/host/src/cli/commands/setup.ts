import { ProblemError } from '@cspace/protocol/problem';
import type { SubstrateKind } from '@cspace/protocol/sandbox';
import type { CliContext } from '../context.ts';
import { setUpHost } from '../offer-setup.ts';
import { printJson } from '../output/json.ts';
import type { SetupOutput } from '../output/schemas.ts';

export interface SetupFlags {
  json?: boolean;
  yes?: boolean;
  substrate?: SubstrateKind;
}

export async function runSetup(context: CliContext, flags: SetupFlags): Promise<number> {
  const options = { yes: flags.yes === true, substrate: flags.substrate };
  const { changed, command, substrate, findings } = await setUpHost(context, options);
  const left = findings.filter((finding) => !finding.ok && !finding.optional);
  if (left.length > 0) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: 'this machine still lacks something that no package mends',
      why: left.map(({ what, why }) => (why === undefined ? what : `${what}: ${why}`)).join('\n'),
      fix: left.find((finding) => finding.fix !== undefined)?.fix ?? 'cspace doctor',
    });
  }
  if (flags.json) {
    printJson(context.stdout, { changed, command, substrate } satisfies SetupOutput);
    return 0;
  }
  context.stdout.write(`${changed ? 'this machine is set up' : 'nothing is missing'} for ${substrate}\n`);
  for (const { what, why } of findings.filter((finding) => !finding.ok))
    context.stderr.write(`note: ${why === undefined ? what : `${what}: ${why}`}\n`);
  return 0;
}
