import { describe, expect, test } from 'bun:test';
import { answer } from './answer.ts';
import { createSource, makeRecord, NETWORK, RECORDS } from './testing.ts';
import { RCODE, TYPE } from './wire.ts';
import { buildZone } from './zone.ts';

const zone = buildZone(createSource(RECORDS), NETWORK);

/** Short form of an answer: addresses and names, or `none` (NODATA), `nxdomain`, `outside`, or the code. */
function look(name: string, type: number = TYPE.A, inside = zone): string {
  const question = { labels: name.toLowerCase().split('.'), type, class: 1 };
  const found = answer(question, inside);
  if (!found) return 'outside';
  if (!('apex' in found)) return `rcode ${found.rcode}`;
  if (found.rcode === RCODE.NXDOMAIN) return 'nxdomain';
  return found.records.map((one) => ('data' in one ? one.data : one.type)).join() || 'none';
}

describe('answer: A', () => {
  test.each([
    ['full name', 'mercury.shop.cspace2.local', '192.168.64.2'],
    ['in the alias zone', 'mercury.shop.cspace.test', '192.168.64.2'],
    ['anything in front', 'a.b.mercury.shop.cspace2.local', '192.168.64.2'],
    ['short name', 'mercury.cspace2.local', '192.168.64.2'],
    ['in front of a project’s name only its own sandboxes count', 'www.mercury.cspace.test', 'nxdomain'],
    ['a full name goes before a short one', 'api.mercury.cspace2.local', '192.168.64.6'],
    ['and so does what is in front of it', 'x.api.mercury.cspace2.local', '192.168.64.6'],
    ['ambiguous, though one of two is stopped', 'venus.cspace2.local', 'none'],
    ['in front of an ambiguous one', 'x.venus.cspace2.local', 'none'],
    ['trap-12: a sandbox that does not run yet', 'mars.shop.cspace2.local', 'none'],
    [
      'trap-12: a sandbox that does not run any more, whose address is kept',
      'venus.web.cspace2.local',
      'none',
    ],
    ['a project', 'shop.cspace2.local', 'none'],
    ['no sandbox of a project', 'pluto.shop.cspace2.local', 'nxdomain'],
    ['nothing', 'pluto.cspace2.local', 'nxdomain'],
    ['the zone', 'cspace2.local', '192.168.64.1'],
    ['above the zone', 'local', 'outside'],
    ['like the zone', 'mercury.xcspace2.local', 'outside'],
    ['the world', 'example.org', 'outside'],
    ['a project and a sandbox the wrong way round', 'shop.mercury.cspace2.local', 'nxdomain'],
  ])('%s', (_, name, expected) => {
    expect(look(name)).toBe(expected);
  });

  test('anything in front of a short name that no project has', () => {
    const alone = buildZone(createSource([makeRecord('shop/mercury')]), NETWORK);
    expect(look('www.mercury.cspace.test', TYPE.A, alone)).toBe('192.168.64.2');
    expect(look('a.b.mercury.cspace2.local', TYPE.A, alone)).toBe('192.168.64.2');
  });

  test('P5: the name of a sandbox that is gone never leads to another project’s', () => {
    const records = [makeRecord('shop/mercury'), makeRecord('bank/shop', { address: '192.168.64.9' })];
    const both = buildZone(createSource(records), NETWORK);
    expect(look('venus.shop.cspace2.local', TYPE.A, both)).toBe('nxdomain');
    expect(look('shop.cspace2.local', TYPE.A, both)).toBe('192.168.64.9');
  });

  test('trap-12: names have no case', () => {
    expect(look('MERCURY.Shop.CSPACE2.local')).toBe('192.168.64.2');
  });

  test('a record that cannot be read keeps its name, and makes a short one ambiguous', () => {
    const broken = buildZone(createSource(RECORDS, [{ project: 'web', sandbox: 'mercury' }]), NETWORK);
    expect(look('mercury.web.cspace2.local', TYPE.A, broken)).toBe('none');
    expect(look('mercury.cspace2.local', TYPE.A, broken)).toBe('none');
    expect(look('mercury.shop.cspace2.local', TYPE.A, broken)).toBe('192.168.64.2');
  });

  test.each(['constructor', '__proto__', 'toString', 'hasownproperty'])(
    '%s is a name like any other',
    (name) => {
      expect(look(`${name}.cspace2.local`)).toBe('nxdomain');
      expect(look(`x.${name}.cspace2.local`)).toBe('nxdomain');
    },
  );
});

describe('answer: other types', () => {
  test.each([
    ['trap-13: AAAA of a name with an address', 'mercury.shop.cspace2.local', TYPE.AAAA, 'none'],
    ['trap-13: AAAA of a short name', 'mercury.cspace2.local', TYPE.AAAA, 'none'],
    ['AAAA of nothing', 'pluto.cspace2.local', TYPE.AAAA, 'nxdomain'],
    ['HTTPS (65)', 'mercury.shop.cspace2.local', 65, 'none'],
    ['SOA of the zone', 'cspace2.local', TYPE.SOA, 'SOA'],
    ['NS of the zone, which has an address', 'cspace.test', TYPE.NS, 'cspace2.local'],
    ['SOA below it', 'mercury.shop.cspace2.local', TYPE.SOA, 'none'],
    ['ANY is a short answer (RFC 8482)', 'mercury.cspace2.local', TYPE.ANY, 'HINFO'],
    ['ANY of what has nothing', 'shop.cspace2.local', TYPE.ANY, 'none'],
    ['AXFR', 'cspace2.local', TYPE.AXFR, `rcode ${RCODE.REFUSED}`],
    ['IXFR', 'cspace2.local', TYPE.IXFR, `rcode ${RCODE.REFUSED}`],
    ['MAILB', 'cspace2.local', 253, `rcode ${RCODE.NOTIMP}`],
    ['OPT', 'cspace2.local', TYPE.OPT, `rcode ${RCODE.FORMERR}`],
  ])('%s', (_, name, type, expected) => {
    expect(look(name, type)).toBe(expected);
  });

  test('a class that is not IN is refused', () => {
    expect(answer({ labels: ['version', 'bind'], type: 16, class: 3 }, zone)).toEqual({
      rcode: RCODE.REFUSED,
    });
  });
});

describe('answer: PTR', () => {
  const ptr = (name: string, subnet = NETWORK.subnet) => {
    const gateway = subnet.replace(/\d+\/\d+$/, '1');
    const address = gateway.replace(/1$/, '2');
    const records = [makeRecord('shop/mercury', { address })];
    return look(name, TYPE.PTR, buildZone(createSource(records), { subnet, gateway }));
  };
  test.each([
    ['a sandbox', '2.64.168.192.in-addr.arpa', '192.168.64.0/24', 'mercury.shop.cspace2.local'],
    ['the gateway', '1.64.168.192.in-addr.arpa', '192.168.64.0/24', 'cspace2.local'],
    ['a free address', '9.64.168.192.in-addr.arpa', '192.168.64.0/24', 'nxdomain'],
    ['below an address', 'x.2.64.168.192.in-addr.arpa', '192.168.64.0/24', 'nxdomain'],
    ['no address', '256.64.168.192.in-addr.arpa', '192.168.64.0/24', 'nxdomain'],
    ['written otherwise', '02.64.168.192.in-addr.arpa', '192.168.64.0/24', 'nxdomain'],
    ['the zone', '64.168.192.in-addr.arpa', '192.168.64.0/24', 'none'],
    ['above it', '168.192.in-addr.arpa', '192.168.64.0/24', 'outside'],
    ['beside it', '2.65.168.192.in-addr.arpa', '192.168.64.0/24', 'outside'],
    ['a /16, first piece', '2.0.77.10.in-addr.arpa', '10.77.0.0/16', 'mercury.shop.cspace2.local'],
    ['a /16, last piece', '254.255.77.10.in-addr.arpa', '10.77.0.0/16', 'nxdomain'],
    ['a /28', '2.64.168.192.in-addr.arpa', '192.168.64.0/28', 'mercury.shop.cspace2.local'],
    ['a /28, free', '14.64.168.192.in-addr.arpa', '192.168.64.0/28', 'nxdomain'],
    ['a /28, the rest of the zone is not ours', '16.64.168.192.in-addr.arpa', '192.168.64.0/28', 'outside'],
  ])('%s', (_, name, subnet, expected) => {
    expect(ptr(name, subnet)).toBe(expected);
  });

  test('a label that holds the zone is not the zone', () => {
    expect(answer({ labels: ['cspace2.local'], type: TYPE.A, class: 1 }, zone)).toBeUndefined();
  });

  test('an address whose sandbox does not run has no name', () => {
    expect(look('4.64.168.192.in-addr.arpa', TYPE.PTR)).toBe('nxdomain');
  });
});
