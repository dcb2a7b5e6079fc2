import { describe, expect, test } from 'bun:test';
import type { Command } from 'commander';
import { callCli, createContext } from '../../test/support/cli-context.ts';
import { OUTPUT_SCHEMAS } from './output/schemas.ts';
import { createProgram } from './program.ts';

/** `image build` and such: every command that can be run, the hidden ones left out. */
function listCommands(command: Command, path: string[] = []): string[] {
  const shown = command.createHelp().visibleCommands(command);
  if (shown.length === 0) return [path.join(' ')];
  return shown.flatMap((child) => listCommands(child, [...path, child.name()]));
}

const commands = listCommands(createProgram(createContext([]).context, () => {}));

describe('createProgram', () => {
  test('has a schema of --json for every command, and no more', () => {
    expect(Object.keys(OUTPUT_SCHEMAS).sort()).toEqual(commands.toSorted());
  });

  test.each(commands)('%s --help shows an example that calls it, and --json', async (command) => {
    const { code, stdout } = await callCli([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout.slice(stdout.indexOf('Examples:'))).toContain(`cspace ${command}`);
    expect(stdout).toContain('--json');
  });

  test.each(commands)('%s --no-such-flag is wrong usage and names the help', async (command) => {
    const { code, stderr } = await callCli([...command.split(' '), '--no-such-flag', 'x', 'y']);
    expect(code).toBe(2);
    expect(stderr).toBe(`error: unknown option '--no-such-flag'\n  fix: cspace ${command} --help\n`);
  });

  test.each([
    [['frob'], "unknown command 'frob'"],
    [[], 'a command is missing'],
    [['daemon'], 'a command is missing'],
    [['down'], "missing required argument 'name'"],
    [['ls', 'more'], 'too many arguments'],
    [['up', '--network', 'mesh'], '--network'],
  ])('%j is wrong usage', async (argv, message) => {
    const { code, stderr, stdout } = await callCli(argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('--version prints the version', async () => {
    expect((await callCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('with --json wrong usage is a line of JSON on stdout', async () => {
    const { code, stdout, stderr } = await callCli(['ls', '--json', '--nope']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ type: 'problem', problem: { code: 'usage' } });
  });
});
