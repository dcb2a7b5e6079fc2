import { describe, expect, test } from 'bun:test';
import type { ListeningSocket } from './parse-sockets.ts';
import { selectPorts } from './select-ports.ts';

const ADDRESS = '192.168.64.2';
const at = (address: string, rest: Partial<ListeningSocket> = {}): ListeningSocket => ({
  protocol: 'tcp',
  address,
  port: 3000,
  process: 'node',
  pid: 7,
  ...rest,
});
test('selectPorts: where commands go by ssh, its port is ours', () => {
  const ssh = at('0.0.0.0', { port: 22, process: 'sshd' });
  expect(selectPorts([ssh], ADDRESS, 'ssh').ports).toEqual([]);
  expect(selectPorts([ssh], ADDRESS).ports).toHaveLength(1);
});

const select = (...sockets: ListeningSocket[]) => selectPorts(sockets, ADDRESS).ports;

describe('selectPorts', () => {
  test.each([
    '127.0.0.1',
    '0.0.0.0',
    '*',
    ADDRESS,
    `0.0.0.0%eth0`,
    '[::ffff:127.0.0.1]',
    `[::ffff:${ADDRESS}]`,
  ])('a server on %s answers at the address', (address) => {
    expect(select(at(address))).toMatchObject([{ unreachable: undefined, addresses: [address] }]);
  });

  test.each([
    ['trap-32: a server on ::1', at('[::1]'), 'bound to ::1 alone; bind 127.0.0.1'],
    ['on IPv6 alone', at('[::]'), 'bound to IPv6 alone; bind 0.0.0.0'],
    ['on another loopback address', at('127.0.0.53%lo'), 'bound to 127.0.0.53; bind 127.0.0.1'],
    ['on a network of its own', at('172.17.0.1'), 'bound to 172.17.0.1 alone; bind 0.0.0.0'],
    [
      'on a port of 127.0.0.1 that is kept',
      at('127.0.0.1', { port: 53, process: 'named' }),
      'port 53 of 127.0.0.1 is not forwarded; use another one',
    ],
    ['on port 22', at('0.0.0.0', { port: 22 }), 'port 22 is closed from outside; use another one'],
  ])('%s is not reachable, and is told what mends it', (_, socket, unreachable) => {
    expect(select(socket)).toMatchObject([{ unreachable }]);
  });

  test.each([
    ['the supervisor', at('0.0.0.0', { port: 6201, process: null })],
    ['the relay', at(ADDRESS, { process: 'cspace-relay' })],
    [
      'the resolver, by a user whose processes are not told',
      at('127.0.0.1', { port: 53, process: null, pid: null }),
    ],
    ['the resolver', at('127.0.0.1', { port: 53, process: 'dnsmasq', protocol: 'udp' })],
  ])('leaves out %s', (_, socket) => {
    expect(select(socket)).toEqual([]);
  });

  test.each([
    ['a server of UDP on 6201', at('0.0.0.0', { port: 6201, protocol: 'udp' })],
    ['another resolver', at('127.0.0.1', { port: 53, process: 'named' })],
    ['a resolver for others', at('0.0.0.0', { port: 53, process: null, pid: null })],
  ])('keeps %s', (_, socket) => {
    expect(select(socket)).toHaveLength(1);
  });

  test('shows what the relay carries, not the relay', () => {
    expect(select(at(ADDRESS, { process: 'cspace-relay', pid: 1 }), at('127.0.0.1'))).toMatchObject([
      { addresses: ['127.0.0.1'], process: 'node' },
    ]);
  });

  test('leaves out the relay where it is told a second time, by whom its process is not told', () => {
    const relay = at(ADDRESS, { process: 'cspace-relay', pid: 1 });
    const again = { ...relay, process: null, pid: null };
    expect(select(relay, again)).toEqual([]);
    expect(select(again, relay)).toEqual([]);
  });

  test('several sockets on one port are one port: that of the one that answers', () => {
    const [port] = select(at('[::1]', { pid: 1 }), at('127.0.0.1', { pid: 2 }), at(ADDRESS, { pid: 3 }));
    expect(port).toMatchObject({
      pid: 3,
      unreachable: undefined,
      addresses: [ADDRESS, '127.0.0.1', '[::1]'],
    });
  });

  test('takes the process from whoever may see it, and not from another socket', () => {
    const blind = { process: null, pid: null };
    expect(select(at('0.0.0.0', blind), at('0.0.0.0'))).toMatchObject([
      { process: 'node', addresses: ['0.0.0.0'] },
    ]);
    expect(select(at('0.0.0.0', blind), at('127.0.0.1'))).toMatchObject([blind]);
  });

  test('orders by number, TCP before UDP', () => {
    const ports = select(
      at('*', { port: 9000 }),
      at('*', { port: 80, protocol: 'udp' }),
      at('*', { port: 80 }),
    );
    expect(ports.map(({ port, protocol }) => `${port}/${protocol}`)).toEqual([
      '80/tcp',
      '80/udp',
      '9000/tcp',
    ]);
  });

  test('has so many at most, and says so', () => {
    const many = Array.from({ length: 500 }, (_, i) => at('*', { port: 1000 + i }));
    const { ports, truncated } = selectPorts(many, ADDRESS);
    expect({ length: ports.length, truncated }).toEqual({ length: 128, truncated: true });
    expect(select(...Array.from({ length: 50 }, (_, i) => at(`10.0.0.${i}`)))[0]?.addresses).toHaveLength(8);
  });
});
