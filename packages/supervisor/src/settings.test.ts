import { expect, test } from 'bun:test';
import { getAgentEnv } from './agent-env.ts';
import { getSettings } from './settings.ts';

const TOKEN = { CSPACE_SUPERVISOR_TOKEN: 't' };

test('getSettings: the guest as it is', () => {
  expect(getSettings({ ...TOKEN, HOME: '/home/dev' })).toEqual({
    token: 't',
    host: '0.0.0.0',
    port: 6201,
    model: null,
    practice: false,
    sessionFolder: '/sessions',
    workspace: '/workspace',
    claudeFolder: '/home/dev/.claude',
    claudeExecutable: '/usr/local/bin/claude',
    stallMs: 1_200_000,
    retryDelaysMs: [200, 1000, 2000, 5000, 10_000, 20_000],
  });
});
test('getSettings: without a token there is no supervisor', () => {
  for (const env of [{}, { CSPACE_SUPERVISOR_TOKEN: '' }]) {
    expect(() => getSettings(env)).toThrow('CSPACE_SUPERVISOR_TOKEN is not set');
  }
});
test('getSettings: what is no number is refused', () => {
  expect(() => getSettings({ ...TOKEN, CSPACE_STALL_SECONDS: 'soon' })).toThrow('CSPACE_STALL_SECONDS');
  expect(() => getSettings({ ...TOKEN, CSPACE_RETRY_DELAYS_MS: '1,,2' })).toThrow('CSPACE_RETRY_DELAYS_MS');
});
test('getAgentEnv: everything of ours but the token, the mark, and a rerun only when asked for', () => {
  const env = {
    ...TOKEN,
    PATH: '/bin',
    GH_TOKEN: 'g',
    CLAUDE_CODE_RESUME_INTERRUPTED_TURN: '1',
    EMPTY: undefined,
  };
  const plain = getAgentEnv(env, { mark: '/sessions', rerun: false });
  expect(plain).toEqual({
    PATH: '/bin',
    GH_TOKEN: 'g',
    CSPACE_AGENT: '/sessions',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    IS_SANDBOX: '1',
  });
  expect(getAgentEnv(env, { mark: 'm', rerun: true }).CLAUDE_CODE_RESUME_INTERRUPTED_TURN).toBe('1');
});
