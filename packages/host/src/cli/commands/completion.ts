import { getCompletionScript, type Shell } from '../completion/scripts.ts';
import type { CliContext } from '../context.ts';
import { printJson } from '../output/json.ts';

export function runCompletion(context: CliContext, shell: Shell, options: { json?: boolean }): number {
  const script = getCompletionScript(shell);
  if (options.json) printJson(context.stdout, { shell, script });
  else context.stdout.write(script);
  return 0;
}
