import { expect, test } from 'bun:test';
import { getHomeFolder, parseHomeFolder, parseMacHome } from './home.ts';

test('parseHomeFolder: by the number, not by what looks like it', () => {
  const passwd = 'a:x:15:501::/wrong:/bin/sh\nada:x:501:20:Ada:/home/ada:/bin/zsh\n';
  expect(parseHomeFolder(passwd, 501)).toBe('/home/ada');
  expect(parseHomeFolder(passwd, 502)).toBeUndefined();
});

test('parseMacHome: of what dscacheutil prints for a user', () => {
  const text =
    'name: ada\npassword: ********\nuid: 501\ngid: 20\ndir: /Users/ada\nshell: /bin/zsh\ngecos: Ada\n\n';
  expect(parseMacHome(text)).toBe('/Users/ada');
  expect(parseMacHome('')).toBeUndefined();
});

test('getHomeFolder of a user that this host does not know is none', async () => {
  expect(await getHomeFolder({ uid: 3_999_999, gid: 1 }, undefined, 'linux')).toBeUndefined();
  expect(await getHomeFolder({ uid: 3_999_999, gid: 1 }, undefined, 'darwin')).toBeUndefined();
});
