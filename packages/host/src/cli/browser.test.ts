import { describe, expect, test } from 'bun:test';
import { getOpeners } from './browser.ts';

const URL = 'http://mercury.shop.cspace2.local:3000/';

describe('getOpeners', () => {
  test.each([
    ['BROWSER, with the URL last', { BROWSER: 'firefox --new-window' }, [['firefox', '--new-window', URL]]],
    ['BROWSER, with the URL where %s is', { BROWSER: 'x --url=%s -n' }, [['x', `--url=${URL}`, '-n']]],
    [
      'each of a list',
      { BROWSER: 'a:b -c:' },
      [
        ['a', URL],
        ['b', '-c', URL],
      ],
    ],
    ['the desktop’s where there is a display', { DISPLAY: ':0' }, [['xdg-open', URL]]],
    ['the desktop’s on Wayland', { WAYLAND_DISPLAY: 'wayland-0' }, [['xdg-open', URL]]],
    [
      'BROWSER first',
      { BROWSER: 'a', DISPLAY: ':0' },
      [
        ['a', URL],
        ['xdg-open', URL],
      ],
    ],
    ['none without a display', { DISPLAY: '', BROWSER: ' : ' }, []],
  ])('%s', (_, env, expected) => {
    expect(getOpeners(env, 'linux', URL)).toEqual(expected);
  });

  test('open on a Mac', () => {
    expect(getOpeners({}, 'darwin', URL)).toEqual([['open', URL]]);
  });
});
