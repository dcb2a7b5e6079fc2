import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { testUnless } from '../../packages/host/test/support/test-unless.ts';

const LAB = `${import.meta.dir}/../lab`;
const testAsRoot = testUnless(
  process.getuid?.() === 0 ? undefined : 'makes a network namespace, so only as root',
);

function start(argv: string[], stdin = '') {
  return Bun.spawn([LAB, ...argv], {
    stdin: new TextEncoder().encode(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: 20_000,
  });
}

/** Runs to the end; also says which lab of its own is left. */
async function lab(argv: string[], stdin = '') {
  const child = start(argv, stdin);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr, left: existsSync(`/run/netns/cspace-lab-${child.pid}`) };
}

testAsRoot('lab: only loopback, which is up, and no route', async () => {
  const { stdout, left } = await lab(['sh', '-c', 'ip -br link; ip route']);
  expect(stdout.trim().split('\n')).toEqual([expect.stringMatching(/^lo +UNKNOWN/)]);
  expect(left).toBe(false);
});

const CODES: [string, string[], number][] = [
  ['of success', ['true'], 0],
  ['of a failure', ['sh', '-c', 'exit 42'], 42],
  ['of a death by signal', ['sh', '-c', 'kill -KILL $$'], 137],
  ['of a program that is not there', ['/no/such/program'], 127],
];
for (const [what, argv, code] of CODES)
  testAsRoot(`lab passes on the exit code ${what}`, async () => {
    expect(await lab(argv)).toMatchObject({ code, left: false });
  });

test('lab without a command is a usage error', async () => {
  expect(await lab([])).toMatchObject({ code: 2, stderr: expect.stringContaining('usage') });
});

testAsRoot('lab passes stdin and arguments as they are', async () => {
  expect((await lab(['cat'], 'as\nit is')).stdout).toBe('as\nit is');
  expect((await lab(['printf', '%s|', 'a b', '$HOME', '*'])).stdout).toBe('a b|$HOME|*|');
});

testAsRoot('lab nests', async () => {
  const { code, stdout } = await lab([LAB, 'sh', '-c', 'ls /run/netns | grep -c cspace-lab-']);
  expect(code).toBe(0);
  expect(Number(stdout)).toBeGreaterThanOrEqual(2);
});

testAsRoot('lab shows its mounts to everybody', async () => {
  const { stdout } = await lab(['readlink', '/proc/self/ns/mnt']);
  expect(stdout.trim()).toBe(readlinkSync('/proc/self/ns/mnt'));
});

testAsRoot('lab ends and names what its command left running', async () => {
  const { code, stderr, stdout, left } = await lab([
    'sh',
    '-c',
    'setsid sleep 63 >&- 2>&- & until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done; echo $!; exit 3',
  ]);
  expect(code).toBe(3);
  expect(stderr).toContain(`sleep(${stdout.trim()})`);
  expect(left).toBe(false);
});

testAsRoot('lab that is strict fails where something was left running', async () => {
  const strict = (script: string) => lab(['env', 'CSPACE_LAB_STRICT=1', LAB, 'sh', '-c', script]);
  expect((await strict('setsid sleep 64 >&- 2>&- &')).code).toBe(1);
  expect((await strict('test -z "$CSPACE_LAB_STRICT"')).code).toBe(0);
});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const)
  testAsRoot(`lab passes ${signal} on, waits, and is gone`, async () => {
    const child = start([
      'sh',
      '-c',
      `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; sleep 20 & wait`,
    ]);
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill(signal);
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('got\n');
    expect(await child.exited).toBe(9);
    expect(existsSync(`/run/netns/cspace-lab-${child.pid}`)).toBe(false);
  });

testAsRoot('lab: after SIGKILL its command ends too, and the next lab takes the namespace away', async () => {
  const child = start(['sh', '-c', 'echo ready; exec sleep 64']);
  await child.stdout.getReader().read();
  child.kill('SIGKILL');
  await child.exited;
  const name = `cspace-lab-${child.pid}`;
  for (let tries = 0; tries < 50 && readdirSync('/run/netns').includes(name); tries++) {
    await Bun.sleep(100);
    await lab(['true']);
  }
  expect(readdirSync('/run/netns')).not.toContain(name);
});
