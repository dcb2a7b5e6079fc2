import { PROTOCOL, VERSION } from '@cspace/protocol/version';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';

export async function runVersion(context: CliContext, options: { json?: boolean }): Promise<number> {
  if (options.json) printJson(context.stdout, { version: VERSION, protocol: PROTOCOL });
  else context.stdout.write(`cspace ${VERSION}\n`);
  return 0;
}
