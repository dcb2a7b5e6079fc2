import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { Machine } from '../substrate.ts';
import { getListArgv } from './argv.ts';
import type { Deadlines } from './deadlines.ts';
import type { Engine } from './engine.ts';
import { isLetGo, readLastWord } from './last-word.ts';
import { type Container, type OurContainer, parseContainers, parseOurs } from './parse.ts';

/** Reads state from `container`, and from the machine's own folder what that does not tell. */
export interface Reader {
  list(signal: AbortSignal): Promise<Machine[]>;
  find(ref: SandboxRef, signal: AbortSignal): Promise<Machine | undefined>;
  /** The same as `container` sees it. */
  findOurs(ref: SandboxRef, signal: AbortSignal): Promise<OurContainer | undefined>;
  listOurs(signal: AbortSignal): Promise<OurContainer[]>;
  /** Whoever has the name. */
  findHolder(name: string, signal?: AbortSignal): Promise<Container | undefined>;
}

export function createReader(engine: Engine, homeLabel: string, deadlines: Deadlines): Reader {
  const ask = <T>(parse: (text: string) => T, signal?: AbortSignal) =>
    engine.ask('list the machines', getListArgv(), {
      timeoutMs: deadlines.query,
      ...(signal === undefined ? {} : { signal }),
      parse,
    });
  const listOurs = (signal: AbortSignal) => ask((text) => parseOurs(text, homeLabel), signal);
  const findOurs: Reader['findOurs'] = async (ref, signal) =>
    (await listOurs(signal)).find((container) => formatRef(container.ref) === formatRef(ref));
  return {
    list: async (signal) => Promise.all((await listOurs(signal)).map(toMachine)),
    async find(ref, signal) {
      const found = await findOurs(ref, signal);
      return found && toMachine(found);
    },
    findOurs,
    listOurs,
    async findHolder(name, signal) {
      const all = await ask(parseContainers, signal);
      return all.find(({ container }) => container.name === name)?.container;
    },
  };
}

/**
 * One that was not let go yet is `created`, whatever runs in it. A state that `container` does not know is none that
 * anybody should act upon.
 */
export async function toMachine(container: OurContainer): Promise<Machine> {
  const { ref, attempt, state, folder, network, startedAt } = container;
  const base = { ref, id: attempt, pid: null, exitCode: null, outOfMemory: false, startedAt };
  if (!isLetGo(folder)) return { ...base, state: 'created', startedAt: null };
  if (state === 'running') return { ...base, state, ...(network === undefined ? {} : { network }) };
  if (state !== 'stopped') return { ...base, state: 'stopping' };
  return { ...base, state: 'exited', ...(await readLastWord(folder)) };
}
