import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram } from '../../packages/host/src/cli/program.ts';
import { getDocument } from '../../packages/host/src/daemon/http/openapi.ts';
import { createContext } from '../../packages/host/test/support/cli-context.ts';
import { getCliPage } from './cli-page.ts';
import { getConfigPage } from './config-page.ts';
import { withTable } from './substrates-table.ts';

const SUBSTRATES = 'docs/substrates.md';
const ROOT = join(import.meta.dir, '../..');

/** Every generated document: its path in the repository, and its text. */
export function getPages(): Map<string, string> {
  const program = createProgram(createContext([]).context, () => {});
  const up = program.commands.find((command) => command.name() === 'up');
  const flags = new Set(up?.options.map(({ long }) => long ?? ''));
  return new Map([
    ['docs/config.md', getConfigPage(flags)],
    ['docs/cli.md', getCliPage(program)],
    [SUBSTRATES, withTable(readFileSync(join(ROOT, SUBSTRATES), 'utf8'))],
    ['docs/openapi.json', `${JSON.stringify(getDocument(), null, 2)}\n`],
  ]);
}
