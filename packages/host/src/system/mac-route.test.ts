import { expect, test } from 'bun:test';
import { explainNoRoute, hintNoRoute, isNoRoute, parseRoute } from './mac-route.ts';

/** As route(8) of macOS prints it. */
const ROUTE = `   route to: 192.168.64.3
destination: 192.168.64.0
       mask: 255.255.255.0
  interface: bridge100
      flags: <UP,DONE,CLONING,STATIC>
`;

test('parseRoute: the interface', () => {
  expect(parseRoute(ROUTE)).toBe('bridge100');
  expect(parseRoute('route: writing to routing socket: not in table\n')).toBeUndefined();
});
test('explainNoRoute: by the bridge of machines it is privacy, by a tunnel a VPN', () => {
  expect(explainNoRoute('192.168.64.3', 'bridge100').why).toContain('Local Network');
  expect(explainNoRoute('192.168.64.3', undefined).why).toContain('Local Network');
  expect(explainNoRoute('192.168.64.3', 'utun4').why).toContain("leave by utun4, which is a VPN's");
});
test('isNoRoute knows it from a machine that refuses', () => {
  expect(isNoRoute('TypeError: EHOSTUNREACH: Was there a typo in the url or port?')).toBe(true);
  expect(isNoRoute('ECONNREFUSED')).toBe(false);
});
test('hintNoRoute: on a Mac only', () => {
  expect(hintNoRoute('connect EHOSTUNREACH 192.168.64.3', 'darwin')).toContain('Local Network');
  expect(hintNoRoute('connect EHOSTUNREACH 192.168.64.3', 'linux')).toBe('');
  expect(hintNoRoute('no answer', 'darwin')).toBe('');
});
