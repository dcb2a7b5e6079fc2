import { expect, test } from 'bun:test';
import { parseArgv, type Request } from './stand-in/cli/parse-argv.ts';
import { UsageFailure } from './stand-in/failure.ts';
import type { Version } from './stand-in/versions.ts';

const parse = (line: string, version: Version = '1.2.2'): Request => parseArgv(line.split(' '), version);

function getRefusal(line: string, version?: Version): string {
  try {
    parse(line, version);
  } catch (error) {
    if (error instanceof UsageFailure) return error.message;
    throw error;
  }
  return '';
}

const REFUSED: [line: string, message: string][] = [
  ['run --restart always x', "Unknown option '--restart'"],
  ['run --privileged x', "Unknown option '--privileged'"],
  ['run --sysctl a=b x', "Unknown option '--sysctl'"],
  ['run --add-host a:b x', "Unknown option '--add-host'"],
  ['run --hostname a x', "Unknown option '--hostname'"],
  ['run --gpus all x', "Unknown option '--gpus'"],
  ['run --pid host x', "Unknown option '--pid'"],
  ['run --security-opt a x', "Unknown option '--security-opt'"],
  ['run --health-cmd a x', "Unknown option '--health-cmd'"],
  ['run --pids-limit 5 x', "Unknown option '--pids-limit'"],
  ['run -d', "Missing expected argument '<image>'"],
  ['run --name', "Missing value for '--name <name>'"],
  ['run --name --rm x', "Missing value for '--name <name>'"],
  ['run --cpus 1.5 x', "The value '1.5' is invalid for '--cpus <cpus>'"],
  ['run -c -1 x', "Missing value for '-c <cpus>'"],
  ['run --detach=yes x', "The option '--detach' does not take a value"],
  ['run --progress tty x', "The value 'tty' is invalid for '--progress <type>'"],
  ['run -dx y', "Unknown option '-x'"],
  ['image build .', "Unexpected argument 'build'"],
  ['image history x', "Unexpected argument 'history'"],
  ['image', 'Missing expected subcommand'],
  ['ps', "Unexpected argument 'ps'"],
  ['rename a b', "Unexpected argument 'rename'"],
  ['exec a', "Missing expected argument '<arguments>'"],
  ['stop --kill a', "Unknown option '--kill'"],
  ['inspect --format json a', "Unknown option '--format'"],
  ['inspect', "Missing expected argument '<container-ids>'"],
  ['ls --format xml', "The value 'xml' is invalid for '--format <format>'"],
  ['logs a b', "Unexpected argument 'b'"],
  ['logs --tail 5 a', "Unknown option '--tail'"],
  ['build --progress auto2 .', "The value 'auto2' is invalid for '--progress <type>'"],
  ['volume create --size 1g a', "Unknown option '--size'"],
  ['cp a', "Missing expected argument '<destination>'"],
];
for (const [line, message] of REFUSED)
  test(`parseArgv refuses \`${line}\``, () => expect(getRefusal(line)).toBe(message));

const SINCE: [line: string, first: Version, before: Version | undefined][] = [
  ['run --kernel-arg a x', '1.2.0', '1.1.0'],
  ['run --masked-path /a x', '1.2.1', '1.2.0'],
  ['run --read-only-path NONE x', '1.2.1', '1.2.0'],
  ['run --shm-size 1g x', '1.0.0', '0.12.3'],
  ['run --progress auto x', '1.0.0', '0.12.3'],
  ['run --ulimit nofile=1 x', '0.12.3', undefined],
  ['copy a b:/c', '1.0.0', '0.12.3'],
  ['cp a b:/c', '1.0.0', '0.12.3'],
  ['ls --format yaml', '1.0.0', '0.12.3'],
  ['system status --format json', '0.12.3', undefined],
];
for (const [line, first, before] of SINCE)
  test(`parseArgv knows \`${line}\` since ${first}`, () => {
    expect(getRefusal(line, first)).toBe('');
    if (before !== undefined) expect(getRefusal(line, before)).not.toBe('');
  });

const flags = (line: string) =>
  Object.fromEntries([...parse(line).flags].map(([name, all]) => [name, [...all]]));

test('parseArgv: all that cspace needs is understood', () => {
  const line =
    'run -d --name a --cpus 2 --memory 4096M --cap-add NET_ADMIN --label k=v --label l= --env-file f -v /a:/b:ro ' +
    '--mount type=tmpfs,target=/t,size=1g --shm-size 512M --dns 1.1.1.1 image -d --name x';
  expect(flags(line)).toEqual({
    '--detach': [],
    '--name': ['a'],
    '--cpus': ['2'],
    '--memory': ['4096M'],
    '--cap-add': ['NET_ADMIN'],
    '--label': ['k=v', 'l='],
    '--env-file': ['f'],
    '--volume': ['/a:/b:ro'],
    '--mount': ['type=tmpfs,target=/t,size=1g'],
    '--shm-size': ['512M'],
    '--dns': ['1.1.1.1'],
  });
  expect(parse(line)).toMatchObject({ arguments: ['image'], rest: ['-d', '--name', 'x'] });
});

test('parseArgv: letters together, a value after `=`, the last of a single one', () => {
  expect(flags('exec -it --user=dev -u root a -- sh -c x')).toEqual({
    '--interactive': [],
    '--tty': [],
    '--user': ['root'],
  });
  expect(parse('exec -it a -- sh').rest).toEqual(['--', 'sh']);
});

test('parseArgv: other names of a command are the same one', () => {
  for (const [line, name] of [
    ['rm -f a', 'delete'],
    ['ls', 'list'],
    ['cp a b:/c', 'copy'],
    ['volume ls', 'volume list'],
    ['image rm a', 'image delete'],
    ['--debug ls', 'list'],
  ] as const)
    expect(parse(line).name).toBe(name);
});
