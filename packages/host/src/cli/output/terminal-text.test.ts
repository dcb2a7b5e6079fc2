import { describe, expect, test } from 'bun:test';
import { stripControls, toOneLine, wrapText } from './terminal-text.ts';

describe('stripControls', () => {
  test.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['cursor and clearing', 'a\u001b[2J\u001b[1;1Hb', 'ab'],
    ['private modes', 'a\u001b[?1049hb', 'ab'],
    ['a title', 'a\u001b]0;owned\u0007b', 'ab'],
    ['a clipboard write ended by ST', 'a\u001b]52;c;ZXZpbA==\u001b\\b', 'ab'],
    ['a DCS string', 'a\u001bP$q"p\u001b\\b', 'ab'],
    ['an OSC without an end, to the end of its line', 'a\u001b]0;x\nb', 'a\nb'],
    ['a reset', 'a\u001bcb', 'ab'],
    ['the 8-bit forms', 'a\u009b31mb\u009d0;x\u009cc', 'abc'],
    ['a CSI in pieces', 'a\u001b[', 'a'],
    ['a lone escape', 'a\u001b', 'a'],
    ['bell, backspace, NUL and DEL', 'a\u0007\b\u0000\u007fb', 'ab'],
    ['a carriage return that hides text', 'rm -rf /\rls', 'rm -rf /ls'],
    ['text turned around', 'a\u202eb\u2066c', 'abc'],
  ])('takes out %s', (_, text, expected) => {
    expect(stripControls(text)).toBe(expected);
  });

  test('keeps newlines, tabs, accents and emoji', () => {
    expect(stripControls('é\tü\r\n👩‍🚀 漢字')).toBe('é\tü\n👩‍🚀 漢字');
  });

  test('leaves no control character of any text', () => {
    let text = '';
    for (let i = 0; i < 20_000; i++) text += String.fromCharCode(Math.floor(Math.random() * 256));
    expect(stripControls(text)).not.toMatch(/(?![\t\n])\p{Cc}/u);
  });

  test('is quick on a megabyte of unfinished sequences', () => {
    const start = performance.now();
    stripControls('\u001b]'.repeat(500_000));
    stripControls('\u001b['.repeat(500_000));
    stripControls(`\u001b[${'0'.repeat(1_000_000)}`);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('toOneLine', () => {
  test.each([
    ['short', 10, 'short'],
    ['two\nlines', 20, 'two lines'],
    ['exactly ten', 5, 'exac…'],
    ['漢字漢字', 5, '漢字…'],
  ])('%j in %d columns', (text, width, expected) => {
    expect(toOneLine(text, width)).toBe(expected);
  });
});

describe('wrapText', () => {
  test('breaks between words and leaves longer words whole', () => {
    expect(wrapText('aa bb cc /a/path/that/is/long', 6)).toBe('aa bb\ncc\n/a/path/that/is/long');
  });

  test('indents every line but empty ones', () => {
    expect(wrapText('a\n\nb', 10, '  ')).toBe('  a\n\n  b');
  });
});
