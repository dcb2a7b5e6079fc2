import { describe, expect, test } from 'bun:test';
import { parseSockets } from './parse-sockets.ts';

/** As iproute2 6.15 prints it. */
const REAL = `udp UNCONN 0      0        0.0.0.0:5000 0.0.0.0:*    users:(("python3",pid=26,fd=3))
udp UNCONN 0      0      127.0.0.53%lo:53 0.0.0.0:*
tcp LISTEN 0      512      0.0.0.0:6201 0.0.0.0:*    users:(("bun",pid=2,fd=17))
tcp LISTEN 0      5              *:3001       *:*    users:(("nginx: worker",pid=31,fd=6),("nginx",pid=30,fd=6))
tcp LISTEN 0      5          [::1]:3003    [::]:*
tcp LISTEN 0      128    [fe80::1%eth0]:8080    [::]:*`;

const parse = (line: string) => parseSockets(line).sockets;
const tcp = (users: string) => `tcp LISTEN 0 5 127.0.0.1:3000 0.0.0.0:* ${users}`;

describe('parseSockets', () => {
  test('reads what ss prints', () => {
    const rows = parseSockets(REAL).sockets.map((socket) => Object.values(socket));
    expect(rows).toEqual([
      ['udp', '0.0.0.0', 5000, 'python3', 26],
      ['udp', '127.0.0.53%lo', 53, null, null],
      ['tcp', '0.0.0.0', 6201, 'bun', 2],
      ['tcp', '*', 3001, 'nginx: worker', 31],
      ['tcp', '[::1]', 3003, null, null],
      ['tcp', '[fe80::1%eth0]', 8080, null, null],
    ]);
  });

  test.each([
    ['a name with a quote', 'users:(("we"ird",pid=7,fd=3))', 'we"ird', 7],
    ['a name with brackets', 'users:((")) x",pid=7,fd=3))', ')) x', 7],
    ['an escape sequence', 'users:(("\u001b[2Jx",pid=7,fd=3))', '?[2Jx', 7],
    ['a C1 control', 'users:(("\u009b2Jx",pid=7,fd=3))', '?2Jx', 7],
    ['text turned around', 'users:(("a\u202eb",pid=7,fd=3))', 'a?b', 7],
    ['a name in other letters', 'users:(("сервер",pid=7,fd=3))', 'сервер', 7],
    ['no process', '', null, null],
    ['a process that is none', 'users:(("x",pid=seven,fd=3))', null, null],
    ['a name without end', `users:(("${'x'.repeat(100)}",pid=7,fd=3))`, null, null],
  ])('%s', (_, users, process, pid) => {
    expect(parse(tcp(users))[0]).toMatchObject({ port: 3000, process, pid });
  });

  test.each([
    ['nothing', ''],
    ['a port of 0', 'tcp LISTEN 0 5 127.0.0.1:0 0.0.0.0:*'],
    ['a port too large', 'tcp LISTEN 0 5 127.0.0.1:65536 0.0.0.0:*'],
    ['a port of letters', 'tcp LISTEN 0 5 127.0.0.1:http 0.0.0.0:*'],
    ['another kind of socket', 'u_str LISTEN 0 5 /run/x 123 * 0'],
    ['an address with an escape sequence', 'tcp LISTEN 0 5 \u001b[2J:80 0.0.0.0:*'],
    ['an address without end', `tcp LISTEN 0 5 ${'1'.repeat(100)}:80 0.0.0.0:*`],
    ['a line without end', tcp(`users:(("x",pid=7,fd=3),${' '.repeat(2000)}`)],
    ['an error', 'Cannot open netlink socket: Permission denied'],
  ])('passes over %s', (_, line) => {
    expect(parse(line)).toEqual([]);
    expect(parse(`${line}\n${tcp('')}`)).toHaveLength(1);
  });

  test('looks at so many lines and says so', () => {
    const many = parseSockets(`${tcp('')}\n`.repeat(5000));
    expect({ ...many, sockets: many.sockets.length }).toEqual({ sockets: 2000, truncated: true });
    expect(parseSockets(REAL).truncated).toBe(false);
  });

  test('is quick on a megabyte of anything', () => {
    const start = performance.now();
    for (const text of [
      tcp(`users:(("${'",pid='.repeat(200)}`),
      `tcp ${' '.repeat(1000)}`,
      'a'.repeat(1000),
    ]) {
      parseSockets(`${text}\n`.repeat(1000));
    }
    parseSockets('tcp LISTEN '.repeat(100_000));
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
