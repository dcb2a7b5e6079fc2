// Both ways through the real scripts and the real tar, with a folder of this host in the place of a sandbox.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { Header } from 'tar';
import type { Run } from './copy.ts';
import { copyIn } from './copy-in.ts';
import { copyOut } from './copy-out.ts';
import { parseCopy } from './places.ts';

let folder: string;
const sandbox = (...path: string[]) => join(folder, 'sandbox', ...path);
const host = (...path: string[]) => join(folder, 'host', ...path);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-copy-'));
  mkdirSync(sandbox());
  mkdirSync(host());
});
afterEach(() => rmSync(folder, { recursive: true }));

/** As a sandbox would, in its own folder. */
const runHere: Run = async (argv, { input, onOutput }) => {
  const child = Bun.spawn([...argv], { cwd: sandbox(), stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });
  const pump = async (stream: 1 | 2, from: ReadableStream<Uint8Array>) => {
    for await (const bytes of from) await onOutput(stream, bytes);
  };
  const feed = async () => {
    for await (const bytes of input ?? []) child.stdin.write(bytes);
    await child.stdin.end();
  };
  await Promise.all([feed(), pump(1, child.stdout), pump(2, child.stderr)]);
  return child.exited;
};

const copy = (from: string, to: string, run = runHere) => {
  const what = parseCopy(from, to, host());
  return (what.direction === 'in' ? copyIn : copyOut)(what, { run, onProgress() {} });
};
const problemOf = async (copying: Promise<unknown>) => toProblem(await copying.catch((error) => error));

/** A folder with what trees have. */
function makeTree(path: string): void {
  mkdirSync(join(path, 'sub'), { recursive: true });
  mkdirSync(join(path, 'empty'));
  writeFileSync(join(path, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  writeFileSync(join(path, 'sub', 'a\nb ü'), 'text');
  symlinkSync('sub/a\nb ü', join(path, 'link'));
}
const readTree = (path: string) =>
  (readdirSync(path, { recursive: true, encoding: 'utf8' }) as string[]).sort().map((name) => {
    const is = lstatSync(join(path, name));
    if (is.isSymbolicLink()) return [name, readlinkSync(join(path, name))];
    return is.isDirectory() ? [name] : [name, readFileSync(join(path, name), 'utf8'), is.mode & 0o777];
  });

test.each(['in', 'out'] as const)(
  '%s: a folder comes whole, under its own name, a new one, or as its contents',
  async (way) => {
    const [from, to] = way === 'in' ? [host, sandbox] : [sandbox, host];
    const [source, target] = way === 'in' ? ['', 'm:'] : ['m:', ''];
    makeTree(from('tree'));
    const all = readTree(from('tree'));
    expect(await copy(`${source}tree`, `${target}.`)).toEqual({ files: 2, bytes: 14, leftOut: [] });
    await copy(`${source}tree`, `${target}other`);
    mkdirSync(to('merged'));
    writeFileSync(to('merged', 'mine'), 'stays');
    writeFileSync(to('merged', 'run.sh'), 'is replaced');
    await copy(`${source}tree/.`, `${target}merged`);
    expect(readTree(to('tree'))).toEqual(all);
    expect(readTree(to('other'))).toEqual(all);
    expect(readTree(to('merged'))).toEqual([...all, ['mine', 'stays', 0o644]].sort());
  },
);

test.each(['in', 'out'] as const)(
  '%s: a file, into a folder, under a new name, and over another one',
  async (way) => {
    const [from, to] = way === 'in' ? [host, sandbox] : [sandbox, host];
    const [source, target] = way === 'in' ? ['', 'm:'] : ['m:', ''];
    writeFileSync(from('-f'), 'words', { mode: 0o700 });
    await copy(`${source}-f`, `${target}.`);
    await copy(`${source}-f`, `${target}new`);
    writeFileSync(to('old'), 'old');
    linkSync(to('old'), to('kept'));
    expect(await copy(`${source}-f`, `${target}old`)).toEqual({ files: 1, bytes: 5, leftOut: [] });
    expect(readTree(to())).toEqual([
      ['-f', 'words', 0o700],
      ['kept', 'old', 0o644],
      ['new', 'words', 0o700],
      ['old', 'words', 0o700],
    ]);
  },
);

test.each([
  ['m:none', '.', 'not-found', /none is not there/],
  ['none', 'm:.', 'not-found', /ENOENT/],
  ['m:tree', 'no/folder', 'failed', /ENOENT/],
  ['tree', 'm:no/folder', 'failed', /No such file/],
  ['m:tree', 'file', 'failed', /is no folder/],
  ['tree', 'm:file', 'failed', /File exists/],
  ['m:file', 'folder', 'usage', /is a folder/],
] as const)('%j to %j is a problem, and leaves nothing', async (from, to, code, said) => {
  for (const place of [host, sandbox]) {
    makeTree(place('tree'));
    writeFileSync(place('file'), 'as it was');
    mkdirSync(place('folder/file'), { recursive: true });
  }
  const before = [readTree(host()), readTree(sandbox())];
  const problem = await problemOf(copy(from, to));
  expect(problem.code).toBe(code);
  expect([problem.message, problem.why].join()).toMatch(said);
  expect([readTree(host()), readTree(sandbox())]).toEqual(before);
});

test('in: what cannot be read is a problem of the host’s, and sockets and pipes are left out by name', async () => {
  mkdirSync(host('tree'));
  Bun.spawnSync(['mkfifo', host('tree/pipe')]);
  expect(await copy('tree', 'm:.')).toEqual({ files: 0, bytes: 0, leftOut: ['./pipe'] });
});

test('in: of a file that is shorter than it says nothing is left', async () => {
  // As runInSandbox does: the input ends where it fails.
  let failure: unknown;
  const run: Run = async (argv, { input = [], onOutput }) => {
    async function* parts() {
      try {
        yield* input as AsyncIterable<Uint8Array>;
      } catch (error) {
        failure = error;
      }
    }
    await runHere(argv, { input: parts(), onOutput });
    throw failure;
  };
  const problem = await problemOf(copy('/sys/kernel/uevent_seqnum', 'm:', run));
  expect(problem).toMatchObject({ code: 'failed', message: '/sys/kernel/uevent_seqnum cannot be read' });
  expect(readdirSync(sandbox())).toEqual([]);
});

test('in: a file whose name means something to tar', async () => {
  writeFileSync(host('@x'), 'words');
  await copy('@x', 'm:');
  expect(readFileSync(sandbox('@x'), 'utf8')).toBe('words');
});

/** An archive as no tar makes it. */
function pack(
  ...entries: ({ path: string; type: string; linkpath?: string; mode?: number } | string)[]
): Buffer {
  const blocks = entries.flatMap((entry) => {
    if (typeof entry === 'string') return [Buffer.from(entry.padEnd(512, '\0'))];
    const block = Buffer.alloc(512);
    const size = entry.type === 'File' ? 4 : 0;
    new Header({ mode: 0o644, mtime: new Date(0), size, ...entry } as never).encode(block);
    return [block];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
const sends =
  (...parts: (string | Buffer)[]): Run =>
  async (_, { onOutput }) => {
    for (const part of parts) await onOutput(1, Buffer.from(part));
    return 0;
  };

test('trap-41: out of a hostile sandbox nothing comes that leads elsewhere, or runs as somebody else', async () => {
  writeFileSync(host('victim'), 'as it was');
  mkdirSync(host('elsewhere'));
  const archive = pack(
    { path: 'fine', type: 'File', mode: 0o6755 },
    'fine',
    { path: '../victim', type: 'File' },
    'evil',
    { path: `${host('victim')}`, type: 'File' },
    'evil',
    { path: 'a/../../victim', type: 'File' },
    'evil',
    { path: 'absolute', type: 'SymbolicLink', linkpath: host('elsewhere') },
    { path: 'up', type: 'SymbolicLink', linkpath: '../elsewhere' },
    { path: 'hard', type: 'Link', linkpath: '../victim' },
    { path: 'device', type: 'CharacterDevice' },
    { path: 'pipe', type: 'FIFO' },
  );
  const { leftOut, files } = await copy('m:x', 'tree', sends('d\n', archive));
  expect([files, leftOut.length]).toEqual([1, 8]);
  expect(readdirSync(host('tree'))).toEqual(['fine']);
  expect(statSync(host('tree/fine')).mode & 0o7777).toBe(0o755);
  expect(readFileSync(host('victim'), 'utf8')).toBe('as it was');
});

test('trap-41: out of a hostile sandbox no file comes through a link that came before it', async () => {
  mkdirSync(host('tree'));
  symlinkSync(host(), host('tree/mine'));
  writeFileSync(host('victim'), 'as it was');
  const archive = pack({ path: 'mine/victim', type: 'File' }, 'evil');
  expect(await problemOf(copy('m:x/.', 'tree', sends('d\n', archive)))).toMatchObject({ code: 'failed' });
  expect(readFileSync(host('victim'), 'utf8')).toBe('as it was');
});

test.each([[''], ['d'], ['x\n'], ['f 99\n'], ['f 644 644 644 644 644 644\n'], ['\0'.repeat(20)]])(
  'out: a sandbox that sends %j is not understood',
  async (said) => {
    expect(await problemOf(copy('m:x', 'y', sends(said)))).toMatchObject({ code: 'failed' });
    expect(readdirSync(host())).toEqual([]);
  },
);

test('out: an archive that is cut off or garbage is a problem', async () => {
  const whole = pack({ path: 'fine', type: 'File' }, 'fine');
  for (const archive of [whole.subarray(0, 600), Buffer.alloc(2048, 'x')])
    expect(await problemOf(copy('m:x', 'y', sends('d\n', archive)))).toMatchObject({ code: 'failed' });
});

test('out: a file is there whole or not at all', async () => {
  const dies: Run = async (_, { onOutput }) => {
    await onOutput(1, Buffer.from('f 644\nhalf'));
    return 137;
  };
  writeFileSync(host('file'), 'as it was');
  expect(await problemOf(copy('m:x', 'file', dies))).toMatchObject({ code: 'failed' });
  expect(readTree(host())).toEqual([['file', 'as it was', 0o644]]);
});
