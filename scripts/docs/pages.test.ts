import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkText } from '../../packages/host/src/config/diagnostics.ts';
import { OVERRIDES } from '../../packages/host/src/config/overrides.ts';
import { ProjectFile, UserFile } from '../../packages/host/src/config/schema.ts';
import { parseSecrets } from '../../packages/host/src/secrets/secrets-file.ts';
import { EXAMPLES } from './config-page.ts';
import { getPages } from './pages.ts';

const ROOT = join(import.meta.dir, '../..');
const pages = getPages();
const config = pages.get('docs/config.md') ?? '';

test.each([...pages.keys()])('%s is what scripts/generate-docs makes of the code', (path) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(pages.get(path) ?? '');
});

test('docs/config.md: the examples are right', () => {
  const noHint = () => '';
  expect(checkText(EXAMPLES.project, ProjectFile, noHint)).toMatchObject({ ok: true });
  expect(checkText(EXAMPLES.user, UserFile, noHint)).toMatchObject({ ok: true });
  expect(Object.keys(parseSecrets(EXAMPLES.secrets, 'secrets.env'))).toEqual([
    'ANTHROPIC_API_KEY',
    'GH_TOKEN',
  ]);
});

test('docs/config.md has every key of both files and every variable, each with what it is', () => {
  const rows = config.split('\n').filter((line) => line.startsWith('| `'));
  for (const { variable } of Object.values(OVERRIDES)) expect(config).toContain(`\`${variable}\``);
  for (const key of Object.keys({ ...ProjectFile.shape, ...UserFile.shape })) {
    expect(rows.some((row) => row.startsWith(`| \`${key}\``) || row.startsWith(`| \`${key}.`))).toBe(true);
  }
  expect(rows.filter((row) => row.endsWith('|  |'))).toEqual([]);
});
