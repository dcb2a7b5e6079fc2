import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { createHash, randomUUID } from 'node:crypto';
import { signalInside } from '../../src/substrate/qemu/ssh/signal.ts';
import { BASE_ENV } from '../../src/system/exec.ts';
import { spawnPiped, spawnTerminal } from '../../src/system/spawn.ts';
import {
  countProcesses,
  getSshObstacle,
  makeSshGuest,
  type SshGuest,
  shell,
  until,
} from '../support/ssh-guest.ts';
import { testUnless } from '../support/test-unless.ts';

const reason = getSshObstacle();
const test = testUnless(reason);

let guest: SshGuest;
beforeAll(async () => {
  if (reason === undefined) guest = await makeSshGuest('127.0.0.1');
});
afterAll(async () => await guest?.dispose());

describe('getSshArgv: exit codes', () => {
  for (const [what, script, code] of [
    ['success', 'true', 0],
    ['failure', 'exit 42', 42],
    ['255, which is ssh’s own word for a failure', 'exit 255', 255],
    ['death by KILL', 'kill -KILL $$', 137],
    ['death by TERM', 'kill -TERM $$', 143],
  ] as const)
    test(what, async () => expect(await guest.exec(shell(script))).toMatchObject({ code, err: '' }));
});

describe('getSshArgv: what is passed on', () => {
  test('streams, each for itself', async () => {
    expect(await guest.exec(shell('echo a; echo b >&2'))).toEqual({ code: 0, out: 'a\n', err: 'b\n' });
  });

  test('every byte of every argument, and of the environment', async () => {
    const words = [
      '',
      'a b',
      "it's",
      '\\',
      '$(id)',
      '`id`',
      '*',
      '\n',
      '\r\t\x01\x7f',
      'ü€😀',
      '--',
      '-n',
      '!!',
    ];
    const shown = await guest.exec(['printf', '%s\\0', ...words]);
    expect(shown.out.split('\0').slice(0, -1)).toEqual(words);
    const value = 'a\n"b" \'c\' $d ü';
    expect((await guest.exec(['printenv', 'X'], { env: { X: value } })).out).toBe(`${value}\n`);
  });

  test('a command as long as one argument can be', async () => {
    expect((await guest.exec(shell('printf %s "$1" | wc -c').concat('sh', 'x'.repeat(130_000)))).out).toBe(
      '130000\n',
    );
  });

  test('user, folder, and for dev the secrets, which stand on no command line', async () => {
    const script = 'echo $(id -u) $(pwd) $SECRET';
    expect((await guest.exec(shell(script), { cwd: '/usr' })).out).toBe('0 /usr\n');
    expect((await guest.exec(shell(script), { cwd: '/usr', user: 'dev' })).out).toBe('1000 /usr known\n');
  });

  test('nothing of the guest’s shell’s own files', async () => {
    await guest.host.run(['sh', '-c', 'mount -t tmpfs tmpfs /root; echo "echo noise" >/root/.bashrc']);
    expect((await guest.exec(['echo', 'a'])).out).toBe('a\n');
  });

  test('stdin to its end, and as much output as there is, to a slow reader', async () => {
    const input = Buffer.alloc(3_000_000, 'abcdefghijk');
    const hash = createHash('sha256');
    let bytes = 0;
    const code = await new Promise<number>((resolve) => {
      const command = spawnPiped(guest.argv(['cat']), {
        env: BASE_ENV,
        onOutput: (_, chunk) => {
          hash.update(chunk);
          bytes += chunk.length;
          setTimeout(() => command.resume(), 1);
          return false;
        },
        onExit: resolve,
      });
      void command.write(input).then(() => command.closeInput());
    });
    expect({ code, bytes }).toEqual({ code: 0, bytes: input.length });
    expect(hash.digest('hex')).toBe(createHash('sha256').update(input).digest('hex'));
  });
});

describe('getSshArgv: a terminal', () => {
  function open(argv: string[]) {
    let text = '';
    let onExit = (_: number) => {};
    const exited = new Promise<number>((resolve) => {
      onExit = resolve;
    });
    const command = spawnTerminal(guest.argv(argv, { tty: true, env: { TERM: 'xterm-256color' } }), {
      env: { ...BASE_ENV, TERM: 'xterm-256color' },
      columns: 91,
      rows: 17,
      onOutput: (_, bytes) => {
        text += new TextDecoder().decode(bytes);
        return true;
      },
      onExit,
    });
    const type = (keys: string) => command.write(new TextEncoder().encode(keys));
    return { command, exited, type, has: (part: string) => text.includes(part), text: () => text };
  }

  test('has the size asked for, a name, and the exit code', async () => {
    const { exited, text } = open(
      shell('stty size; echo $TERM; test -t 0 -a -t 1 -a -t 2 || echo no; exit 7'),
    );
    expect(await exited).toBe(7);
    expect(text()).toBe('17 91\r\nxterm-256color\r\n');
  });

  test('is told of another size', async () => {
    const { command, exited, has } = open(
      shell('trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.05; done'),
    );
    await until(() => has('ready'));
    command.resize(120, 40);
    expect(await exited).toBe(0);
    expect(has('40 120')).toBe(true);
  });

  test('passes every key on: those that interrupt, and those that mean something to ssh', async () => {
    const script =
      'trap "echo caught" INT; echo ready; until [ "$a" = "~." ]; do read -r a; done; echo "got $a"';
    const { exited, type, has } = open(shell(script));
    await until(() => has('ready'));
    await type('\x03');
    await until(() => has('caught'));
    await type('\r~.\r');
    expect(await exited).toBe(0);
    expect(has('got ~.')).toBe(true);
  });
});

test('signalInside reaches all that a command started, and no other', async () => {
  const marker = randomUUID();
  const script = 'setsid sleep 61 & sleep 61 & echo started; wait';
  const running = guest.exec(shell(script), { env: { CSPACE_EXEC: marker } });
  const other = Bun.spawn(['sleep', '61'], { env: { CSPACE_EXEC: randomUUID() } });
  await until(() => countProcesses('sleep 61') === 3);
  await signalInside(guest.machine, marker, 'SIGKILL');
  expect(await running).toEqual({ code: 137, out: 'started\n', err: '' });
  expect(countProcesses('sleep 61')).toBe(1);
  other.kill('SIGKILL');
  await other.exited;
});
