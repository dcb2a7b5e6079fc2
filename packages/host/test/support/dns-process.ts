/** The daemon's DNS, a thousand names and an HTTP server in a process of its own, for floods; prints its ports. */
import { createSource, makeRecord } from '../../src/dns/testing.ts';
import { startDnsServer } from './dns-server.ts';

const CHANGES_PER_SECOND = 10;

const records = Array.from({ length: 1000 }, (_, n) =>
  makeRecord(`shop/n${n}`, { address: `192.168.${64 + Math.floor(n / 250)}.${2 + (n % 250)}` }),
);
const source = createSource(records);
const { port } = await startDnsServer({ source });
const http = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('here') });
let n = 0;
setInterval(() => {
  n = (n + 1) % records.length;
  const record = records[n];
  if (record) source.put({ ...record, session: String(n) });
}, 1000 / CHANGES_PER_SECOND);
console.log(JSON.stringify({ dns: port, http: http.port }));
