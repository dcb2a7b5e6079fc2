import type { SandboxRef } from '@cspace/protocol/names';
import type { Machine } from '../substrate.ts';
import { getInspectArgv, getListArgv } from './argv.ts';
import type { Deadlines } from './deadlines.ts';
import type { Engine } from './engine.ts';
import { getOddAnswerProblem } from './failure.ts';
import { findOutOfMemory } from './out-of-memory.ts';
import { type Ending, parseEndings, parseList } from './parse.ts';

/** 128 + SIGKILL. */
const KILLED = 137;

/** Reads our machines' state from the engine, by label. */
export interface Reader {
  list(signal: AbortSignal): Promise<Machine[]>;
  find(ref: SandboxRef, signal: AbortSignal): Promise<Machine | undefined>;
}

export function createReader(engine: Engine, homeLabel: string, deadlines: Deadlines): Reader {
  const query = async (ref: SandboxRef | undefined, signal: AbortSignal): Promise<Machine[]> => {
    const action = 'list the machines';
    const text = await engine.ask(action, getListArgv(homeLabel, ref), {
      timeoutMs: deadlines.query,
      signal,
    });
    let machines: Machine[];
    try {
      machines = parseList(text, homeLabel);
    } catch (error) {
      throw getOddAnswerProblem(action, text, error);
    }
    return withOutOfMemory(machines, signal);
  };
  /** `ps` does not tell why a machine ended; asked only where one has. */
  const withOutOfMemory = async (machines: Machine[], signal: AbortSignal): Promise<Machine[]> => {
    const ended = machines.filter((machine) => machine.state === 'exited').map((machine) => machine.id);
    if (ended.length === 0) return machines;
    const result = await engine.run(getInspectArgv(ended), { timeoutMs: deadlines.query, signal });
    let endings: Map<string, Ending>;
    try {
      // One that is removed meanwhile makes podman fail, and still tell of the others.
      endings = parseEndings(result.stdout);
    } catch (error) {
      throw getOddAnswerProblem('inspect the machines', result.stdout, error);
    }
    const killed = await findKilled(machines, endings, signal);
    return machines.map((machine) => ({ ...machine, outOfMemory: killed.has(machine.id) }));
  };
  return {
    list: (signal) => query(undefined, signal),
    find: async (ref, signal) => (await query(ref, signal))[0],
  };
}

/** The engine's word, and the kernel's for those that were killed without one. */
async function findKilled(
  machines: readonly Machine[],
  endings: ReadonlyMap<string, Ending>,
  signal: AbortSignal,
): Promise<Set<string>> {
  const told = [...endings].filter(([, ending]) => ending.outOfMemory).map(([id]) => id);
  const open = machines.flatMap(({ id, exitCode }) => {
    const ending = endings.get(id);
    return exitCode === KILLED && ending && !ending.outOfMemory ? [{ id, ...ending }] : [];
  });
  const found = open.length === 0 ? [] : await findOutOfMemory(open, signal);
  return new Set([...told, ...found]);
}
