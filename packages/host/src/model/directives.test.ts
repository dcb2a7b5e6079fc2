import { describe, expect, test } from 'bun:test';
import { asksForMemory, parseDirectives } from './directives.ts';

const run = (command: string) => ({ verb: 'run', command });
const write = (path: string, text: string) => ({ verb: 'write', path, text });

describe('parseDirectives', () => {
  const cases: [string, object[]][] = [
    ['run: git log --oneline | head -3', [run('git log --oneline | head -3')]],
    ['Run:ls', [run('ls')]],
    ['please run: ls', [run('ls')]],
    ['run: a\nrun: b', [run('a'), run('b')]],
    ['run: cat <<E\n\nhi\nE', [run('cat <<E\n\nhi\nE')]],
    ['first this\nrun: a', [run('a')]],
    ['write a.txt: hi: there', [write('/ws/a.txt', 'hi: there\n')]],
    ['write src/my file.txt: hi', [write('/ws/src/my file.txt', 'hi\n')]],
    ['write /tmp/x: hi', [write('/tmp/x', 'hi\n')]],
    ['write a: one\ntwo\nrun: b', [write('/ws/a', 'one\ntwo\n'), run('b')]],
    ['write a:', [write('/ws/a', '\n')]],
    ['run:', []],
    ['write : x', []],
    ['write me a poem', []],
    ['what does run: do?', []],
    ['', []],
  ];
  for (const [prompt, directives] of cases) {
    test(`parseDirectives: ${JSON.stringify(prompt)}`, () => {
      expect(parseDirectives(prompt, '/ws') as object[]).toEqual(directives);
    });
  }
});

describe('asksForMemory', () => {
  const cases: [string, boolean][] = [
    ['what did I ask you before?', true],
    ['What did I say earlier?', true],
    ['what was my first question?', true],
    ['what have I told you so far', true],
    ['tell me what we talked about before', true],
    ['do you remember me?', true],
    ['hello', false],
    ['what is this?', false],
    ['ask the server before you start', false],
    ['what did you do?', false],
  ];
  for (const [prompt, answer] of cases) {
    test(`asksForMemory: ${prompt}`, () => expect(asksForMemory(prompt)).toBe(answer));
  }
});
