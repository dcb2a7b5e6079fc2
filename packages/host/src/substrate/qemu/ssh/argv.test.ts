import { expect, test } from 'bun:test';
import { toProblem } from '@cspace/protocol/problem';
import type { ExecOptions } from '../../substrate.ts';
import { getSshArgv } from './argv.ts';

const FOLDER = '/run/cspace/0123456789ab/vm/0123456789cd';
const MACHINE = { folder: FOLDER, uid: 296_700, address: '192.168.64.2' };

const get = (argv: readonly string[], options: Partial<ExecOptions> = {}) =>
  getSshArgv(MACHINE, argv, { tty: false, user: 'root', cwd: '/', env: {}, ...options });

test('getSshArgv: what the guest runs, with every word quoted', () => {
  expect(get(['ls', "it's"], { cwd: '/a b', env: { TERM: 'xterm', X: '1 2' } }).slice(-3)).toEqual([
    '192.168.64.2',
    '--',
    String.raw`'/run/cspace-vm/exec' '--user' 'root' '--cwd' '/a b' '--env' 'TERM=xterm' '--env' 'X=1 2' '--' 'ls' 'it'\''s'`,
  ]);
});

test('getSshArgv: what dev runs has the secrets, which the host does not pass on', () => {
  expect(get(['env'], { user: 'dev' }).at(-1)).toEndWith(
    "'--user' 'dev' '--cwd' '/' '--' '/usr/local/bin/cspace-env' 'env'",
  );
});

test('getSshArgv: a terminal where it is asked for', () => {
  expect(get(['sh'], { tty: true }).at(-4)).toBe('-tt');
  expect(get(['sh']).at(-4)).toBe('-T');
});

test('getSshArgv: the client is the machine’s user, and nothing but its files is named', () => {
  const argv = get(['true']);
  expect(argv.join(' ')).toContain(
    'setpriv --reuid 296700 --regid 296700 --clear-groups --no-new-privs -- sh',
  );
  expect(argv.filter((word) => word.startsWith('/'))).toEqual(
    ['passwd', 'mux/at', 'mux/pid', 'mux/lock', 'config'].map((name) => `${FOLDER}/ssh/${name}`),
  );
  // A socket's path (sun_path), with what ssh appends while it makes it.
  expect(`${FOLDER}/ssh/mux/at.0123456789abcdef`.length).toBeLessThan(108);
});

test('getSshArgv: a command that no argument can hold is refused, the longest that can is not', () => {
  const rest = Buffer.byteLength(get(['']).at(-1) ?? '');
  expect(get(['x'.repeat(131_071 - rest)]).at(-1)).toHaveLength(131_071);
  const thrown = (() => {
    try {
      return get(['x'.repeat(131_072 - rest)]);
    } catch (error) {
      return toProblem(error);
    }
  })();
  expect(thrown).toMatchObject({ code: 'too-large', why: expect.stringContaining('131072 bytes') });
});
