import { expect, test } from 'bun:test';
import { parseLoopbackPorts } from './loopback-ports.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n';
const line = (local: string, peer: string, state: string) =>
  `  12: ${local} ${peer} ${state} 00000000:00000000 00:00000000 00000000  1000        0 1 2 0 0\n`;
const udp = (...lines: string[]) => [...parseLoopbackPorts(HEAD + lines.join(''), 'udp')];

test('parseLoopbackPorts: a server on 127.0.0.1', () =>
  expect(udp(line('0100007F:0FA0', '00000000:0000', '07'))).toEqual([4000]));
test.each([
  ['on all addresses', '00000000:0FA0', '00000000:0000', '07'],
  ['on another of loopback', '0200007F:0FA0', '00000000:0000', '07'],
  ['with a peer', '0100007F:0FA0', '0100007F:0FA1', '01'],
])('parseLoopbackPorts: not one %s', (_, local, peer, state) =>
  expect(udp(line(local, peer, state))).toEqual([]),
);
test('parseLoopbackPorts: of TCP those that listen', () => {
  const text = line('0100007F:0BB8', '00000000:0000', '0A') + line('0100007F:0BB9', '00000000:0000', '07');
  expect([...parseLoopbackPorts(text, 'tcp')]).toEqual([3000]);
});
test('parseLoopbackPorts: nothing in what it does not know', () =>
  expect([...parseLoopbackPorts('\n\nx\n', 'udp')]).toEqual([]));
