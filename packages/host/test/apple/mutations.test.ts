import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMutant } from './install.ts';
import { bundleMutant, MUTATIONS } from './mutations.ts';

const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('mutations of the stand-in', () => {
  test('there are twenty, of different names', () => {
    expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBeGreaterThanOrEqual(20);
  });

  for (const [index, mutation] of MUTATIONS.entries())
    test(`bundleMutant: ${mutation.name}: a program that runs`, async () => {
      const program = join(folder, `${index}.js`);
      await bundleMutant(program, mutation);
      const child = Bun.spawnSync([process.execPath, '--no-env-file', program, 'system', 'status'], {
        env: { CSPACE_STANDIN_VERSION: '1.2.2', CSPACE_STANDIN_STATE: folder },
        timeout: 20_000,
      });
      expect([child.exitCode, child.stderr.toString()]).toEqual([0, '']);
    });

  test('bundleMutant: a place that is not there is no mutation', async () => {
    const none = { name: 'x', file: 'main.ts', from: 'no such text', to: '' };
    expect(bundleMutant(join(folder, 'none.js'), none)).rejects.toThrow('does not have this once');
  });

  test('installMutant: behaves otherwise', async () => {
    const named = (name: string) => MUTATIONS.find((mutation) => mutation.name === name) ?? MUTATIONS[0];
    const own = { folder: mkdtempSync(join(folder, 'own-')), version: '1.2.2' } as const;
    const mutant = await installMutant(own, named('inspect of what is missing is an empty list'));
    expect(await mutant.container(['inspect', 'x'])).toEqual({ code: 0, stdout: '[\n\n]\n', stderr: '' });
    await mutant.dispose();
  });
});
