import { describe, expect, test } from 'bun:test';
import { hasBlock, removeBlock, setBlock } from './hosts-block.ts';

const holder = { home: '/home/ada/.cspace', homeLabel: '0123456789ab', uid: 1000 };
const mercury = { address: '192.168.64.2', names: ['mercury.shop.cspace2.local', 'mercury.cspace.test'] };
const set = (text: string, entries = [mercury]) => setBlock(text, entries, holder);
const remove = (text: string) => removeBlock(text, holder.homeLabel);

const HOSTS = '127.0.0.1 localhost\n';

describe('setBlock', () => {
  test('adds a block at the end that names its home and how it goes', () =>
    expect(set(HOSTS)).toBe(
      [
        '127.0.0.1 localhost',
        '# BEGIN cspace 0123456789ab',
        '# Kept by cspace for /home/ada/.cspace (user 1000). To take it away: cspace dns uninstall',
        '192.168.64.2 mercury.shop.cspace2.local mercury.cspace.test',
        '# END cspace',
        '',
      ].join('\n'),
    ));
  test('twice is once', () => expect(set(set(HOSTS))).toBe(set(HOSTS)));
  test('replaces it where it stands, not at the end', () => {
    const text = `${set(HOSTS)}10.0.0.1 printer\n`;
    expect(set(text, [])).toBe(`${set(HOSTS, [])}10.0.0.1 printer\n`);
  });
  test('a path with a line feed in it makes no line of its own', () =>
    expect(setBlock('', [], { ...holder, home: '/a\n6.6.6.6 bank.example' })).not.toMatch(/^6\.6/m));
});

describe('removeBlock', () => {
  test.each([
    ['a usual file', HOSTS],
    ['an empty file', ''],
    ['no line feed at the end', '127.0.0.1 localhost'],
    ['several line feeds at the end', `${HOSTS}\n\n`],
    ['line ends of another system', '127.0.0.1 localhost\r\n'],
    ['bytes that are no text', '127.0.0.1 caf\u00e9\u0000\n'],
  ])('gives back what was there: %s', (_, text) => {
    expect(remove(set(text))).toBe(text);
    expect(remove(set(set(text), []))).toBe(text);
  });

  test.each([
    ['behind it', (text: string) => `${text}10.0.0.1 printer\n`],
    ['before it', (text: string) => `10.0.0.1 printer\n${text}`],
    ['in it', (text: string) => text.replace('192.168', '10.0.0.1 printer\n192.168')],
  ])('keeps a line that somebody wrote %s', (_, edit) => {
    const left = remove(edit(set(HOSTS)));
    expect(left).toContain('10.0.0.1 printer\n');
    expect(left).toContain(HOSTS);
    expect(left).not.toContain('cspace');
  });

  test('without its last line takes what is ours and no more', () => {
    const text = `${set(HOSTS).replace('# END cspace\n', '')}10.0.0.1 printer\n`;
    expect(remove(text)).toBe(`${HOSTS}10.0.0.1 printer\n`);
  });
  test('of a file that had no line feed at its end: lines behind it stay lines', () =>
    expect(remove(`${set('127.0.0.1 localhost')}10.0.0.1 printer\n`)).toBe(
      '127.0.0.1 localhost\n10.0.0.1 printer\n',
    ));
  test("leaves another home's block alone", () => {
    const other = setBlock(HOSTS, [mercury], { ...holder, homeLabel: 'ffffffffffff' });
    expect(hasBlock(other, holder.homeLabel)).toBe(false);
    expect(remove(set(other))).toBe(other);
    expect(remove(set(other).replace('# END cspace\n# BEGIN cspace 0', '# BEGIN cspace 0'))).toContain(
      '# BEGIN cspace ffffffffffff',
    );
  });
});
