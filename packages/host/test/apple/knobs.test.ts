import { beforeEach, expect, test } from 'bun:test';
import { getOutcome, useStandIn } from './fixture.ts';

const standIn = useStandIn('1.2.2');
beforeEach(() => standIn().setKnobs({}));

const call = (line: string) => standIn().container(line.split(' '));

test('failures: so many of a command fail, and no others', async () => {
  standIn().setKnobs({
    failures: [{ command: 'list', times: 2, code: 'invalidState', message: 'not now', cause: 'busy' }],
  });
  const codes = [];
  for (const line of ['volume ls', 'ls', 'list', 'ls']) codes.push((await call(line)).code);
  expect(codes).toEqual([0, 1, 1, 0]);
});

test('failures: the text, and after it was done where that is wanted', async () => {
  const failure = { command: 'volume create', times: 1, code: 'timeout', message: 'too "late"' } as const;
  standIn().setKnobs({ failures: [{ ...failure, after: true }] });
  expect(getOutcome(await call('volume create late'))).toEqual([
    1,
    String.raw`Error: timeout: "too \"late\""`,
  ]);
  expect((await call('volume ls -q')).stdout).toBe('late\n');
});

test('foreign: the builder and others in the list, not all of them running', async () => {
  expect((await call('ls --all -q')).stdout).toBe('');
  standIn().setKnobs({ foreign: true });
  const all = (await call('ls --all -q')).stdout.trim().split('\n');
  expect(all).toContain('buildkit');
  expect(all).toContain('other-home');
  expect((await call('ls -q')).stdout).not.toContain('other-home');
  expect((await call('inspect buildkit')).code).toBe(0);
});

test('builder: a machine of its own in the list, by its state', async () => {
  expect((await call('builder status')).stdout).toBe('builder is not running\n');
  await call('builder start');
  expect((await call('ls -q')).stdout).toBe('buildkit\n');
  expect((await call('builder delete')).code).toBe(1);
  await call('builder stop');
  expect((await call('ls -q')).stdout).toBe('');
  expect((await call('ls -a -q')).stdout).toBe('buildkit\n');
  await call('builder delete');
  expect((await call('ls -a -q')).stdout).toBe('');
});

test('slowMs: by command, or all', async () => {
  const timed = async (line: string) => {
    const before = performance.now();
    await call(line);
    return performance.now() - before;
  };
  standIn().setKnobs({ slowMs: { 'volume list': 700 } });
  expect(await timed('volume ls')).toBeGreaterThan(700);
  standIn().setKnobs({ slowMs: 700 });
  expect(await timed('ls')).toBeGreaterThan(700);
});

test('noise: on stderr of what succeeds, and stdout is as ever', async () => {
  standIn().setKnobs({ noise: true });
  expect(await call('ls --format json')).toMatchObject({
    code: 0,
    stdout: '[]\n',
    stderr: expect.stringContaining('Warning'),
  });
});

test('network unsupported: all about networks fails, as on macOS 15', async () => {
  standIn().setKnobs({ network: 'unsupported' });
  for (const line of ['network inspect default', 'network ls', 'network create x'])
    expect(getOutcome(await call(line))[1]).toContain('unsupported');
  expect((await call('ls')).code).toBe(0);
});

test('oddText: other words, the same exit code', async () => {
  standIn().setKnobs({ oddText: true });
  for (const line of ['inspect x', 'exec x y', 'rm x', 'stop x', 'volume inspect x']) {
    const [code, text] = getOutcome(await call(line));
    expect([line, code]).toEqual([line, 1]);
    expect(text).not.toMatch(/not ?found|not running/i);
  }
});
