import { expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { BASE_ENV } from './exec.ts';
import { signalMarked } from './marked-processes.ts';

test('signalMarked reaches a child in a session of its own, and no other process', async () => {
  const marker = randomUUID();
  const options = { stdout: 'ignore', stderr: 'ignore', timeout: 70_000 } as const;
  const other = Bun.spawn(['sleep', '60'], { ...options, env: { ...BASE_ENV, MARK: randomUUID() } });
  const marked = Bun.spawn(['sh', '-c', 'setsid sleep 60 & setsid sleep 60 & wait'], {
    ...options,
    env: { ...BASE_ENV, MARK: marker },
  });
  let found = 0;
  while (found < 3) found = await signalMarked('MARK', marker, 'SIGCONT');
  await signalMarked('MARK', marker, 'SIGKILL');
  await marked.exited;
  while ((await signalMarked('MARK', marker, 'SIGCONT')) > 0) await Bun.sleep(5);
  expect(other.exitCode).toBeNull();
  other.kill();
  await other.exited;
});
