import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { createSource, makeRecord, RECORDS } from '../../src/dns/testing.ts';
import { dig, NO_DIG } from '../support/dig.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { testUnless } from '../support/test-unless.ts';

const test = testUnless(NO_DIG);
const MERCURY = 'mercury.shop.cspace2.local';
const SOA = 'SOA cspace2.local. hostmaster.cspace2.local. 1 3600 600 86400 2';

let server: DnsServer;
beforeAll(async () => {
  server = await startDnsServer();
});
afterAll(() => server.close());

const ask = (...args: string[]) => dig(server.port, args);

describe('dig', () => {
  for (const transport of ['+notcp', '+tcp']) {
    const cases: [string, string[], string, string[], string[]][] = [
      ['A', [MERCURY], 'NOERROR', [`${MERCURY}. 1 IN A 192.168.64.2`], []],
      ['A in front', [`www.${MERCURY}`], 'NOERROR', [`www.${MERCURY}. 1 IN A 192.168.64.2`], []],
      ['A, short', ['mercury.cspace.test'], 'NOERROR', ['mercury.cspace.test. 1 IN A 192.168.64.2'], []],
      ['A, ambiguous', ['venus.cspace2.local'], 'NOERROR', [], [`cspace2.local. 2 IN ${SOA}`]],
      ['trap-12: A, not running', ['mars.shop.cspace.test'], 'NOERROR', [], [`cspace.test. 2 IN ${SOA}`]],
      ['A, missing', ['pluto.cspace.test'], 'NXDOMAIN', [], [`cspace.test. 2 IN ${SOA}`]],
      ['trap-13: AAAA', [MERCURY, 'AAAA'], 'NOERROR', [], [`cspace2.local. 2 IN ${SOA}`]],
      ['SOA', ['cspace2.local', 'SOA'], 'NOERROR', [`cspace2.local. 1 IN ${SOA}`], []],
      ['NS', ['cspace2.local', 'NS'], 'NOERROR', ['cspace2.local. 1 IN NS cspace2.local.'], []],
      ['PTR', ['-x', '192.168.64.2'], 'NOERROR', [`2.64.168.192.in-addr.arpa. 1 IN PTR ${MERCURY}.`], []],
      ['PTR, free', ['-x', '192.168.64.9'], 'NXDOMAIN', [], [`64.168.192.in-addr.arpa. 2 IN ${SOA}`]],
      ['PTR, elsewhere', ['-x', '192.0.2.9'], 'REFUSED', [], []],
      ['another zone', ['example.org'], 'REFUSED', [], []],
      ['another class', ['version.bind', 'TXT', '-c', 'CH'], 'REFUSED', [], []],
      ['no EDNS', [MERCURY, '+noedns'], 'NOERROR', [`${MERCURY}. 1 IN A 192.168.64.2`], []],
      ['an EDNS version that is none', [MERCURY, '+edns=9', '+noednsnegotiation'], 'BADVERS', [], []],
      ['another opcode', ['cspace2.local', 'SOA', '+opcode=NOTIFY'], 'NOTIMP', [], []],
    ];
    for (const [what, args, status, answer, authority] of cases) {
      test(`${what}, ${transport}`, async () => {
        const dug = await ask(transport, ...args);
        expect(dug).toMatchObject({ status, answer, authority });
        expect(dug.text).not.toContain('malformed');
        expect(dug.flags.includes('aa')).toBe(status === 'NOERROR' || status === 'NXDOMAIN');
      });
    }
  }

  test('trap-12: the case of the question comes back (0x20)', async () => {
    const { answer } = await ask('mErCuRy.ShOp.cspace2.LOCAL');
    expect(answer).toEqual(['mErCuRy.ShOp.cspace2.LOCAL. 1 IN A 192.168.64.2']);
  });

  test('ANY: one record that says no (RFC 8482)', async () => {
    expect((await ask(MERCURY, 'ANY', '+notcp')).answer).toEqual([`${MERCURY}. 1 IN HINFO "RFC8482" ""`]);
  });

  test('AXFR and IXFR are refused', async () => {
    const axfr = await ask('cspace2.local', 'AXFR', '+all');
    expect(axfr.answer).toEqual([]);
    expect(axfr.text).toMatch(/Transfer failed|REFUSED/);
    expect(await ask('cspace2.local', 'IXFR=1', '+notcp')).toMatchObject({ answer: [] });
  });

  test('EDNS: our size, DO copied, no matter what is offered, options or not', async () => {
    for (const size of ['512', '1232', '65535'])
      expect((await ask(MERCURY, `+bufsize=${size}`)).text).toContain('udp: 1232');
    expect((await ask(MERCURY, '+dnssec')).text).toContain('flags: do; udp: 1232');
    expect(
      await ask(MERCURY, '+subnet=10.0.0.0/8', '+cookie=0123456789abcdef', '+padding=128'),
    ).toMatchObject({
      status: 'NOERROR',
    });
  });

  test('several questions on one connection', async () => {
    const args = ['+tcp', '+keepopen', MERCURY, '+tcp', '+keepopen', 'venus.shop.cspace2.local'];
    expect((await ask(...args)).text.match(/IN\s+A\s+192\.168\.64\.[23]/g)).toHaveLength(2);
  });

  test('a change is there for the next question', async () => {
    const changing = await startDnsServer({ source: createSource(RECORDS) });
    try {
      expect((await dig(changing.port, [MERCURY])).answer).toHaveLength(1);
      changing.source.put(makeRecord('shop/mercury', { state: 'stopping' }));
      expect((await dig(changing.port, [MERCURY])).answer).toEqual([]);
    } finally {
      await changing.close();
    }
  });
});
