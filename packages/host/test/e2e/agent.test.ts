import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RecordedRequest, type ScriptedModel, startScriptedModel } from '../../src/model/testing.ts';
import { makeOutsideHost, type OutsideHost } from '../support/outside-host.ts';
import { createWorld, type World } from '../support/world.ts';

const API_KEY = 'sk-ant-api03-CANARY';
const ROLE = 'You keep the books of a lemonade stand.';

let world: World;
let outside: OutsideHost | undefined;
let model: ScriptedModel | undefined;
beforeAll(async () => {
  // A project of its own: machines' names are the host's, whatever the home.
  world = createWorld({ project: 'modelled' });
  mkdirSync(join(world.repo, '.cspace'));
  writeFileSync(join(world.repo, '.cspace/agent.md'), `${ROLE}\n`);
  world.git(['add', '.']);
  world.git(['commit', '-qm', 'role']);
  outside = await makeOutsideHost();
  model = await startScriptedModel({ hostname: outside.near });
  await outside.forward(Number(new URL(model.url).port));
});
afterAll(async () => {
  await model?.close();
  await world.dispose();
  await outside?.dispose();
});

/** Brings a sandbox up, runs one turn and takes it away; the request of that turn and what `ls` said meanwhile. */
async function askFrom(name: string, args: string[], env: Record<string, string>) {
  const prompt = `run: echo this is ${name}`;
  const base = { ANTHROPIC_BASE_URL: getModelUrl() };
  const up = await world.cspace(['up', name, ...args, '-m', prompt], { env: { ...base, ...env } });
  expect(up).toMatchObject({ code: 0, stdout: expect.stringContaining(`this is ${name}`) });
  const { sandboxes } = JSON.parse((await world.cspace(['ls', '--json'])).stdout);
  const sandbox = sandboxes.find((one: { sandbox: string }) => one.sandbox === name);
  expect(await world.cspace(['rm', '--force', name])).toMatchObject({ code: 0 });
  return { up, sandbox, request: findRequest(prompt) };
}

/** As sandboxes reach it. */
function getModelUrl(): string {
  return model && outside ? model.url.replace(outside.near, outside.address) : '';
}

/** The first request for a message that holds the prompt and offers tools: the agent's own. */
function findRequest(prompt: string): RecordedRequest & { body: Record<string, unknown> } {
  for (const request of model?.requests ?? []) {
    const body = request.body as Record<string, unknown> | null;
    const isTurn =
      request.path.startsWith('/v1/messages') && Array.isArray(body?.tools) && body.tools.length > 0;
    if (body && isTurn && JSON.stringify(body.messages).includes(prompt)) return { ...request, body };
  }
  throw new Error(`no request holds: ${prompt}`);
}

describe('a model server of the user', () => {
  test('ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL: the request carries the key, the practice model is out of it', async () => {
    const { up, sandbox, request } = await askFrom('venus', [], { ANTHROPIC_API_KEY: API_KEY });
    expect(request.headers).toMatchObject({ 'x-api-key': API_KEY });
    expect(request.headers).not.toHaveProperty('authorization');
    expect(up.stderr).not.toContain('practice model');
    expect(sandbox.practice).toBe(false);
  });

  test('an OAuth token in the place of the API key goes out as a bearer token', async () => {
    const token = 'sk-ant-oat01-CANARY';
    const { request } = await askFrom('earth', [], { ANTHROPIC_API_KEY: token });
    expect(request.headers).toMatchObject({ authorization: `Bearer ${token}` });
    expect(request.headers).not.toHaveProperty('x-api-key');
  });

  test('from secrets.env as from the environment', async () => {
    const lines = `ANTHROPIC_API_KEY=${API_KEY}-file\nANTHROPIC_BASE_URL=${getModelUrl()}\n`;
    writeFileSync(join(world.home, 'secrets.env'), lines, { mode: 0o600 });
    try {
      const { request } = await askFrom('mars', [], { ANTHROPIC_BASE_URL: '' });
      expect(request.headers).toMatchObject({ 'x-api-key': `${API_KEY}-file` });
    } finally {
      rmSync(join(world.home, 'secrets.env'));
    }
  });
});

describe('the model', () => {
  test('up --model NAME: the request names it', async () => {
    const { request } = await askFrom('jupiter', ['--model', 'claude-of-the-test-1'], {
      ANTHROPIC_API_KEY: API_KEY,
      ANTHROPIC_MODEL: 'less-important',
    });
    expect(request.body.model).toBe('claude-of-the-test-1');
  });

  test('ANTHROPIC_MODEL where no flag and no configuration names one', async () => {
    const env = { ANTHROPIC_API_KEY: API_KEY, ANTHROPIC_MODEL: 'claude-of-the-shell-1' };
    expect((await askFrom('saturn', [], env)).request.body.model).toBe('claude-of-the-shell-1');
  });
});

describe('the role', () => {
  test("the committed .cspace/agent.md stands in the system prompt, behind Claude Code's own", async () => {
    const { request } = await askFrom('uranus', [], { ANTHROPIC_API_KEY: API_KEY });
    const system = (request.body.system as { text: string }[]).map(({ text }) => text).join('\n');
    expect(system).toMatch(new RegExp(`Claude[\\s\\S]*${ROLE}`));
    expect(JSON.stringify(request.body.messages)).not.toContain(ROLE);
  });
});
