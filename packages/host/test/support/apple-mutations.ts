/** What a call of the stand-in came to. */
export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Whether it did its work stays with the stand-in, but for what is left out. */
export interface Mutation {
  /** Of the calls that it changes: `ls`, `image inspect`. */
  command: string;
  /** The call is not made at all. */
  instead?: Answer;
  change?: (answer: Answer) => Answer;
}

type Json = Record<string, unknown>;

/** Every element of the list that was printed, changed in place. */
const elements = (change: (element: Json) => unknown) => (answer: Answer) => {
  const list = JSON.parse(answer.stdout || '[]') as Json[];
  for (const element of list) change(element);
  return { ...answer, stdout: JSON.stringify(list) };
};
const status = (change: (status: Json) => unknown) => elements((element) => change(element.status as Json));
const configuration = (change: (configuration: Json) => unknown) =>
  elements((element) => change(element.configuration as Json));
const networks = (change: (network: Json) => unknown) =>
  status(({ networks }) => (networks as Json[]).forEach(change));
const rename = (object: Json, from: string, to: string) => {
  if (!(from in object)) return;
  object[to] = object[from];
  delete object[from];
};
const fails = (answer: Answer): Answer => ({ ...answer, code: 1, stderr: 'Error: unknown: "mutation"\n' });
const DONE: Answer = { code: 0, stdout: '', stderr: '' };

/** Behaviours that the contract documents, each made another one. */
export const MUTATIONS = {
  'ls: no startedDate': { command: 'ls', change: status((it) => delete it.startedDate) },
  'ls: slashes as they are, more keys': { command: 'ls', change: elements((it) => (it.added = [1])) },
  'ls: the state and networks of 0.12': {
    command: 'ls',
    change: elements((it) =>
      Object.assign(it, { ...(it.status as Json), status: (it.status as Json).state }),
    ),
  },
  'ls: the attachments of before 0.12': {
    command: 'ls',
    change: networks((it) => {
      rename(it, 'ipv4Address', 'address');
      rename(it, 'ipv4Gateway', 'gateway');
    }),
  },
  'ls: an unreadable element beside': {
    command: 'ls',
    change: (answer) => ({
      ...answer,
      stdout: answer.stdout.replace(/\]\s*$/, ',{"id":1}]').replace('[,', '['),
    }),
  },
  'ls: nothing at all where it is empty': {
    command: 'ls',
    change: (answer) => ({ ...answer, stdout: answer.stdout.replace(/^\s*\[\s*\]\s*$/, '') }),
  },
  'ls: progress on stdout': {
    command: 'ls',
    change: (answer) => ({ ...answer, stdout: `[1/2] Loading\n${answer.stdout}` }),
  },
  'ls: another word for running': {
    command: 'ls',
    change: status((it) => Object.assign(it, it.state === 'running' ? { state: 'started' } : {})),
  },
  'ls: no gateway': { command: 'ls', change: networks((it) => delete it.ipv4Gateway) },
  'ls: an address without its prefix': {
    command: 'ls',
    change: networks((it) => (it.ipv4Address = String(it.ipv4Address).split('/')[0])),
  },
  'ls: no labels': { command: 'ls', change: configuration((it) => delete it.labels) },
  'ls: no mounts': { command: 'ls', change: configuration((it) => delete it.mounts) },
  'inspect: not there': { command: 'inspect', instead: { ...DONE, code: 64, stderr: 'Error: unknown\n' } },
  'image inspect: no variant for arm64': {
    command: 'image inspect',
    change: elements((it) => (it.variants = [])),
  },
  'image inspect: fails though the image is there': { command: 'image inspect', change: fails },
  'create: done, and said to have failed': { command: 'create', change: fails },
  'start: done, and said to have failed': { command: 'start', change: fails },
  'start: not done, and said to be': { command: 'start', instead: DONE },
  'stop: not done, and said to be': { command: 'stop', instead: DONE },
  'stop: done, and said to have failed': { command: 'stop', change: fails },
  'kill: not done, and said to be': { command: 'kill', instead: DONE },
  'rm: done, and said to have failed': { command: 'rm', change: fails },
  'rm: not done, and said to be': { command: 'rm', instead: DONE },
  'exec: its own code instead of the command’s': {
    command: 'exec',
    change: (answer) => ({ ...answer, code: answer.code === 0 ? 0 : 1 }),
  },
} satisfies Record<string, Mutation>;

export type MutationName = keyof typeof MUTATIONS;

/** Which a call is changed by, by its words. */
export function findMutation(name: string, argv: readonly string[]): Mutation | undefined {
  const mutation = (MUTATIONS as Record<string, Mutation>)[name];
  const words = mutation?.command.split(' ') ?? [];
  return mutation && words.every((word, index) => argv[index] === word) ? mutation : undefined;
}
