import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeRuntimeLeftovers } from './leftovers.ts';

test('removeRuntimeLeftovers removes what is of that machine, and nothing of another one', async () => {
  const root = mkdtempSync(join(tmpdir(), 'leftovers-'));
  const of = (id: string) => [
    join(root, 'sys/fs/cgroup/pids/libpod_parent', `libpod-${id}`),
    join(root, 'run/crun', id),
    join(root, 'run/libpod/exits', id),
  ];
  for (const id of ['a', 'ab']) {
    const [group = '', state = '', exit = ''] = of(id);
    mkdirSync(join(group, 'inner'), { recursive: true });
    mkdirSync(state, { recursive: true });
    mkdirSync(join(root, 'run/libpod/exits'), { recursive: true });
    writeFileSync(exit, '137');
  }
  await removeRuntimeLeftovers('a', root);
  await removeRuntimeLeftovers('not-there', root);
  expect(of('a').filter(existsSync)).toEqual([]);
  expect(of('ab').filter((path) => !existsSync(path))).toEqual([]);
  rmSync(root, { recursive: true });
});
