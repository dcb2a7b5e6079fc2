import { describe, expect, test } from 'bun:test';
import { chooseUrl } from './choose-url.ts';

const domain = 'mercury.shop.cspace2.local';
const address = '192.168.64.2';
const choose = (url: string, lookup: () => Promise<string[]>) => chooseUrl({ url, domain, address }, lookup);
const unknown = async () => {
  throw new Error('ENOTFOUND');
};

describe('chooseUrl', () => {
  test('keeps the name where the host finds the sandbox by it', async () => {
    const url = `http://${domain}:3000/`;
    expect(await choose(url, async () => ['10.0.0.1', address])).toEqual({ url });
  });

  test.each([
    ['knows no such name', unknown],
    ['finds something else by it', async () => ['10.0.0.1']],
    ['is not told in time', () => new Promise<string[]>(() => {})],
  ])('takes the address where the host %s', async (_, lookup) => {
    expect(await choose(`https://${domain}/`, lookup)).toEqual({
      url: `https://${address}/`,
      reason: `this host does not know the name ${domain}`,
      fix: 'cspace dns install',
    });
  });

  test('trap-14: keeps the address that it was given, without a look for the name', async () => {
    const lookup = () => Promise.reject(new Error('asked'));
    expect(await choose(`http://${address}:9222/`, lookup)).toEqual({
      url: `http://${address}:9222/`,
      reason: 'the server takes no name in the Host header',
    });
  });
});
