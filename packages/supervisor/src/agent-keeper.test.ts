import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEvent } from '@cspace/protocol/event';
import { type Agent, type AgentOptions, AgentStartError } from './agent.ts';
import { AgentKeeper, type KeeperDeps } from './agent-keeper.ts';
import { type EventLog, openEventLog } from './event-log.ts';
import { createRecorder } from './recorder.ts';

const never = new AbortController().signal;
let folder: string;
let log: EventLog;
let starts: AgentOptions[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-keeper-'));
  log = await openEventLog(join(folder, 'events.ndjson'));
  starts = [];
});
afterEach(() => {
  log.close();
  rmSync(folder, { recursive: true, force: true });
});

const agent: Agent = {
  push: () => {},
  interrupt: async () => {},
  stop: async () => {},
  exited: new Promise(() => {}),
};

/** A keeper whose agents start, unless `fails` gives an error for one. */
function createKeeper(fails: (options: AgentOptions) => Error | undefined, deps: Partial<KeeperDeps> = {}) {
  return new AgentKeeper({
    startAgent: async (options) => {
      starts.push(options);
      const error = fails(options);
      if (error) throw error;
      return agent;
    },
    recorder: createRecorder(log),
    history: log.history,
    model: null,
    practice: true,
    retryDelaysMs: [1, 1, 1, 1],
    findTranscript: async () => '/transcript',
    readTurnState: async () => ({ type: 'cut-off', continued: false }),
    sweep: async () => 0,
    countOomKills: () => 0,
    ...deps,
  });
}
const events = () =>
  readFileSync(log.path, 'utf8')
    .split('\n')
    .flatMap((line) => parseEvent(line) ?? []);
const types = () => events().map((event) => event.type);
const useSession = () => {
  log.history.session = 'old';
  log.history.sessionUsed = true;
};
const broken = () => new AgentStartError('failed', 'it does not');

describe('AgentKeeper', () => {
  test('ensure: a new conversation, and the same agent while it lives', async () => {
    const keeper = createKeeper(() => undefined);
    const live = await keeper.ensure(undefined, never);
    expect(await keeper.ensure(undefined, never)).toBe(live);
    expect(types()).toEqual(['agent.started']);
    expect(starts).toMatchObject([{ resume: false, rerun: false, session: keeper.session }]);
  });
  test('ensure: resumes, and lets a cut-off turn go on', async () => {
    useSession();
    const live = await createKeeper(() => undefined).ensure('turn', never);
    expect(starts).toMatchObject([{ session: 'old', resume: true, rerun: true }]);
    expect(live?.left?.turn).toBe('turn');
    expect(types()).toEqual(['agent.resumed']);
  });
  test('ensure: Claude Code goes on by itself only once', async () => {
    useSession();
    const readTurnState = async () => ({ type: 'cut-off', continued: true }) as const;
    await createKeeper(() => undefined, { readTurnState }).ensure('turn', never);
    expect(starts).toMatchObject([{ resume: true, rerun: false }]);
  });
  test('ensure: a used conversation without a transcript is given up, an unused one forgotten', async () => {
    const findTranscript = async () => undefined;
    log.history.session = 'unused';
    await createKeeper(() => undefined, { findTranscript }).ensure(undefined, never);
    expect(types()).toEqual(['agent.started']);
    useSession();
    await createKeeper(() => undefined, { findTranscript }).ensure(undefined, never);
    expect(types()).toEqual(['agent.started', 'agent.reset', 'agent.started']);
  });
  test('ensure: one that Claude Code does not find is given up at once', async () => {
    useSession();
    const gone = new AgentStartError('no-conversation', 'No conversation found');
    await createKeeper(({ resume }) => (resume ? gone : undefined)).ensure(undefined, never);
    expect(starts.map((each) => each.resume)).toEqual([true, false]);
    expect(events()[0]).toMatchObject({ type: 'agent.reset', data: { from: 'old' } });
  });
  test('ensure: one that fails to resume three times is given up, if a new one starts', async () => {
    useSession();
    await createKeeper(({ resume }) => (resume ? broken() : undefined)).ensure(undefined, never);
    expect(starts.map((each) => each.resume)).toEqual([true, true, true, false]);
    expect(types()).toEqual(['agent.reset', 'agent.started']);
  });
  test('ensure: gives up with a reason, keeps the conversation, and can be forgiven', async () => {
    useSession();
    let isBroken = true;
    const keeper = createKeeper(() => (isBroken ? broken() : undefined));
    expect(await keeper.ensure(undefined, never)).toBeUndefined();
    expect([keeper.state, keeper.reason, keeper.session]).toEqual(['failed', 'it does not', 'old']);
    expect(starts).toHaveLength(5);
    expect(types()).toEqual(['agent.exited']);
    isBroken = false;
    keeper.forgive();
    expect(await keeper.ensure(undefined, never)).toBeDefined();
    expect(keeper.state).toBe('up');
    expect(keeper.session).toBe('old');
  });
  test('ensure: the wait before the next start is cut by the signal', async () => {
    const keeper = createKeeper(broken, { retryDelaysMs: [60_000] });
    await expect(keeper.ensure(undefined, AbortSignal.timeout(30))).rejects.toThrow();
    expect(starts).toHaveLength(1);
  });
  test('lose: four deaths without a word take the conversation for the cause', async () => {
    useSession();
    const keeper = createKeeper(() => undefined, { retryDelaysMs: [1, 1, 1, 1, 1, 1] });
    for (let i = 0; i < 4; i += 1) {
      await keeper.ensure(undefined, never);
      await keeper.lose('killed');
    }
    await keeper.ensure(undefined, never);
    expect(starts.map((each) => each.resume)).toEqual([true, true, true, true, false]);
    expect(types().slice(-2)).toEqual(['agent.reset', 'agent.started']);
  });
  test('lose: says so where the kernel killed for want of memory, and blames no conversation', async () => {
    useSession();
    let kills = 0;
    const deps = { countOomKills: () => kills, retryDelaysMs: [1, 1, 1, 1, 1, 1] };
    const keeper = createKeeper(() => undefined, deps);
    for (let i = 0; i < 5; i += 1) {
      await keeper.ensure(undefined, never);
      kills += 1;
      expect(await keeper.lose('SIGKILL')).toContain('for want of memory');
    }
    expect(types()).not.toContain('agent.reset');
  });
  test('noteHealthy: a turn that ended makes earlier deaths forgotten', async () => {
    const keeper = createKeeper(() => undefined, { retryDelaysMs: [1] });
    for (let i = 0; i < 5; i += 1) {
      expect(await keeper.ensure(undefined, never)).toBeDefined();
      keeper.noteHealthy();
      await keeper.lose('killed');
    }
  });
  test('stop: is expected', async () => {
    const keeper = createKeeper(() => undefined);
    await keeper.ensure(undefined, never);
    await keeper.stop('bye');
    expect(events().at(-1)).toMatchObject({ type: 'agent.exited', data: { reason: 'bye', expected: true } });
  });
});
