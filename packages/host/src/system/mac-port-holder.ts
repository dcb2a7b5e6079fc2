import { BASE_ENV, run } from './exec.ts';
import type { PortHolder, PortQuestion } from './port-holder.ts';

const TIMEOUT_MS = 10_000;
/** lsof(8) shows a plain user its own processes only. */
const SOMEBODY: PortHolder = { user: 'root, or another one', process: undefined };

/** Who has a port of a Mac; without root only our own programs are known, and any other holder is somebody. */
export async function findMacPortHolder(question: PortQuestion, path = BASE_ENV.PATH): Promise<PortHolder> {
  const { protocol, port } = question;
  const kind = `-i${protocol.toUpperCase()}:${port}`;
  // `-F`: a field a line. A process that cannot be looked at is no error.
  const argv = ['lsof', '-nP', kind, ...(protocol === 'tcp' ? ['-sTCP:LISTEN'] : []), '-F', 'pcLn'];
  const { stdout } = await run(argv, { timeoutMs: TIMEOUT_MS, env: { PATH: path } });
  return parseLsof(stdout, question) ?? SOMEBODY;
}

/** `p` begins a process, then its `c`ommand and `L`ogin name; each of its files has an `n`ame. Pure. */
export function parseLsof(text: string, { address, port }: PortQuestion): PortHolder | undefined {
  const places = [address, '*', '[::]', `[::ffff:${address}]`].map((at) => `${at}:${port}`);
  let found = { pid: 0, program: '', user: '' };
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) found = { pid: Number(value), program: '', user: '' };
    if (line.startsWith('c')) found.program = value;
    if (line.startsWith('L')) found.user = value;
    if (!line.startsWith('n') || !places.includes(value)) continue;
    return { user: found.user, process: { program: found.program, pid: found.pid } };
  }
  return undefined;
}
