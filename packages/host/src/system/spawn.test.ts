import { describe, expect, test } from 'bun:test';
import { BASE_ENV } from './exec.ts';
import { type Command, spawnPiped, spawnTerminal } from './spawn.ts';

interface Relayed {
  command: Command;
  out: () => string;
  err: () => string;
  exited: Promise<number>;
}

function relay(spawn: typeof spawnPiped, argv: string[]): Relayed {
  const text = { 1: '', 2: '' };
  let onExit = (_: number) => {};
  const exited = new Promise<number>((resolve) => {
    onExit = resolve;
  });
  const decoder = new TextDecoder();
  const command = spawn(argv, {
    env: { ...BASE_ENV, TERM: 'xterm' },
    onOutput: (stream, bytes) => {
      text[stream] += decoder.decode(bytes);
      return true;
    },
    onExit,
  });
  return { command, out: () => text[1], err: () => text[2], exited };
}

const onTerminal: typeof spawnPiped = (argv, options) =>
  spawnTerminal(argv, { ...options, columns: 91, rows: 17 });

describe('spawnPiped', () => {
  test('keeps the streams apart and gives the exit code', async () => {
    const { out, err, exited } = relay(spawnPiped, ['sh', '-c', 'echo a; echo b >&2; exit 42']);
    expect(await exited).toBe(42);
    expect([out(), err()]).toEqual(['a\n', 'b\n']);
  });

  test('passes stdin on to its end', async () => {
    const { command, out, exited } = relay(spawnPiped, ['cat']);
    await command.write(new TextEncoder().encode('hello'));
    command.closeInput();
    expect(await exited).toBe(0);
    expect(out()).toBe('hello');
  });

  test('death by signal is 128 + n', async () => {
    expect(await relay(spawnPiped, ['sh', '-c', 'kill -TERM $$']).exited).toBe(143);
  });

  test('waits for resume when the receiver is slow, and loses nothing', async () => {
    let bytes = 0;
    let done = (_: number) => {};
    const exited = new Promise<number>((resolve) => {
      done = resolve;
    });
    const command = spawnPiped(['head', '-c', '3000000', '/dev/zero'], {
      env: BASE_ENV,
      onOutput: (_, chunk) => {
        bytes += chunk.length;
        setTimeout(() => command.resume(), 1);
        return false;
      },
      onExit: done,
    });
    expect(await exited).toBe(0);
    expect(bytes).toBe(3_000_000);
  });
});

describe('spawnTerminal', () => {
  test('gives a terminal of the size asked for, and the exit code', async () => {
    const { out, exited } = relay(onTerminal, ['sh', '-c', 'stty size; exit 7']);
    expect(await exited).toBe(7);
    expect(out().trim()).toBe('17 91');
  });

  test('resize reaches the program', async () => {
    const script = 'trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done';
    const { command, out, exited } = relay(onTerminal, ['sh', '-c', script]);
    while (!out().includes('ready')) await Bun.sleep(5);
    command.resize(120, 40);
    await exited;
    expect(out()).toContain('40 120');
  });
});
