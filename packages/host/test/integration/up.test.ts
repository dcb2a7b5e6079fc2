import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UpRequest } from '@cspace/protocol/daemon-api';
import { OUTPUT_SCHEMAS } from '../../src/cli/output/schemas.ts';
import { callCli } from '../support/cli-context.ts';
import {
  type Answers,
  mercury,
  mercuryStatus,
  respondLines,
  startFakeDaemon,
} from '../support/fake-daemon.ts';

let repo: string;
beforeAll(async () => {
  repo = await realpath(await mkdtemp(join(tmpdir(), 'cspace-up-')));
  for (const args of [
    ['init', '-q'],
    ['-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-q', '--allow-empty', '-m', 'one'],
  ]) {
    const env = { PATH: process.env.PATH ?? '', HOME: repo, GIT_CONFIG_NOSYSTEM: '1' };
    expect(Bun.spawnSync(['git', ...args], { cwd: repo, env, timeout: 10_000 }).exitCode).toBe(0);
  }
  await writeFile(
    join(repo, '.cspace.json'),
    '{"project": "shop", "model": "opus", "volumes": ["node_modules"], "limits": {"pids": 99999999}}',
  );
});
afterAll(() => rm(repo, { recursive: true }));

const EVENTS = [
  { type: 'progress', step: 'clone', message: 'cloning \u001b[2Jit' },
  { type: 'progress', step: 'note', message: 'it is heavy' },
  { type: 'span', span: 'clone', startMs: 1, durationMs: 20.5 },
  { type: 'up', sandbox: mercury, created: true },
];

async function callUp(
  args: string[],
  { answers = {}, env = {} }: { answers?: Answers; env?: Record<string, string> } = {},
) {
  await using daemon = await startFakeDaemon({ 'POST /up': () => respondLines(...EVENTS), ...answers });
  const called = await callCli(['up', ...args], {
    cwd: repo,
    env: { CSPACE_HOME: daemon.home, HOME: repo, ...env },
  });
  const sent = daemon.requests.find((request) => request.startsWith('POST /up '));
  return { ...called, request: sent && UpRequest.parse(JSON.parse(sent.slice('POST /up '.length))) };
}

describe('up', () => {
  test('asks for what flags, configuration and environment say, and no more of the environment', async () => {
    const { request, stderr } = await callUp(['mercury', '--cpus', '2', '--memory', '3G', '--base', 'main'], {
      env: { ANTHROPIC_API_KEY: 'sk-ant-api-x', AWS_SECRET: 'y', CSPACE_PIDS: '500' },
    });
    expect(request).toEqual({
      project: 'shop',
      sandbox: 'mercury',
      repository: repo,
      source: repo,
      base: 'main',
      model: 'opus',
      limits: { cpus: 2, memoryMiB: 3072, pids: 500 },
      network: 'nat',
      volumes: ['node_modules'],
      env: { ANTHROPIC_API_KEY: 'sk-ant-api-x' },
    });
    expect(stderr).not.toContain('note: limits');
  });

  test('--substrate asks for one; without it the daemon chooses', async () => {
    expect((await callUp(['mercury', '--substrate', 'qemu'])).request).toMatchObject({ substrate: 'qemu' });
    expect((await callUp(['mercury'])).request).not.toHaveProperty('substrate');
    expect((await callUp(['mercury', '--substrate', 'docker'])).code).toBe(2);
  });

  test('says what the committed configuration does not get, and that the practice model answers', async () => {
    const { code, stdout, stderr } = await callUp([]);
    expect(code).toBe(0);
    expect(stderr).toStartWith('note: limits.pids: ');
    expect(stderr).toEndWith('cloning it\nnote: it is heavy\n');
    expect(stdout).toStartWith(
      'shop/mercury is up at 192.168.64.2, on branch cspace/mercury\nits name is mercury.shop.cspace2.local\nnote: no credential',
    );
  });

  test('of a sandbox that runs says so', async () => {
    const answers = { 'POST /up': () => respondLines({ type: 'up', sandbox: mercury, created: false }) };
    const { code, stdout } = await callUp(['mercury'], { answers });
    expect(code).toBe(0);
    expect(stdout).toStartWith('shop/mercury is running already');
  });

  test('--timings prints the spans', async () => {
    expect((await callUp(['mercury', '--timings'])).stderr).toContain('clone  1.0       20.5');
  });

  test('--json prints the events by their schema', async () => {
    const { stdout } = await callUp(['mercury', '--json']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => OUTPUT_SCHEMAS.up.parse(JSON.parse(line)));
    expect(lines).toEqual(EVENTS as never);
  });

  test('a stream that ends before the sandbox is up is a failure', async () => {
    const answers = { 'POST /up': () => respondLines(EVENTS[0]) };
    expect((await callUp(['mercury'], { answers })).code).toBe(3);
  });

  test('a problem in the stream is told with its exit code', async () => {
    const problem = { code: 'project-taken', message: 'taken' };
    const answers = { 'POST /up': () => respondLines({ type: 'problem', problem }) };
    const { code, stderr } = await callUp(['mercury'], { answers });
    expect({ code, told: stderr.includes('error: taken') }).toEqual({ code: 5, told: true });
  });

  test.each([
    ['Mercury', 2],
    ['../x', 2],
    ['a--b', 2],
    ['-x', 2],
    ['x'.repeat(60), 2],
    ['other/mercury', 2],
  ])('%s is refused before anything is asked', async (name, exit) => {
    const { code, request } = await callUp([name]);
    expect({ code, request }).toEqual({ code: exit, request: undefined });
  });

  test('an unknown CSPACE_ variable and a bad flag are refused before anything is asked', async () => {
    expect(await callUp(['m'], { env: { CSPACE_CPU: '2' } })).toMatchObject({ code: 2, request: undefined });
    expect(await callUp(['m', '--memory', 'lots'])).toMatchObject({ code: 2, request: undefined });
    expect(await callUp(['m', '-m', ' '])).toMatchObject({ code: 2, request: undefined });
  });

  test('--message follows the turn: what the agent says is all that stands on stdout', async () => {
    const { appendFile, mkdir } = await import('node:fs/promises');
    await using daemon = await startFakeDaemon({
      'POST /up': () => respondLines(...EVENTS),
      'GET /sandboxes/shop/mercury': () => Response.json(mercuryStatus),
      'POST /sandboxes/shop/mercury/turns': async (request) => {
        const { id, text } = (await request.json()) as { id: string; text: string };
        const folder = join(daemon.home, 'sessions/shop/mercury');
        await mkdir(folder, { recursive: true });
        const event = { v: 1, at: '', session: null, turn: id };
        const said = { ...event, seq: 1, type: 'turn.text', data: { text: `you said ${text}` } };
        const ended = { ...event, seq: 2, type: 'turn.ended', data: { outcome: 'failed' } };
        await appendFile(
          join(folder, 'events.ndjson'),
          `${JSON.stringify(said)}\n${JSON.stringify(ended)}\n`,
        );
        return Response.json({ id }, { status: 202 });
      },
    });
    const { code, stdout } = await callCli(['up', 'mercury', '-m', 'hi'], {
      cwd: repo,
      env: { CSPACE_HOME: daemon.home, HOME: repo },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'you said hi\n' });
  });
});
