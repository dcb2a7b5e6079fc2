/**
 * The daemon's DNS, with a thousand names, and its HTTP service for the host, in a process of their own, for floods; prints
 * their ports and the HTTP service's token. Ends on SIGTERM.
 */
import { readFile } from 'node:fs/promises';
import { createSource, makeRecord } from '../../src/dns/testing.ts';
import { startDnsServer } from './dns-server.ts';
import { createFakeHouse, serveHttp } from './fake-house.ts';

const CHANGES_PER_SECOND = 10;

const records = Array.from({ length: 1000 }, (_, n) =>
  makeRecord(`shop/n${n}`, { address: `192.168.${64 + Math.floor(n / 250)}.${2 + (n % 250)}` }),
);
const source = createSource(records);
const { port } = await startDnsServer({ source });
const fake = await createFakeHouse();
const http = await serveHttp(fake.house, { audience: 'host' });
let n = 0;
setInterval(() => {
  n = (n + 1) % records.length;
  const record = records[n];
  if (record) source.put({ ...record, session: String(n) });
}, 1000 / CHANGES_PER_SECOND);
process.once('SIGTERM', async () => {
  await fake[Symbol.asyncDispose]();
  process.exit(0);
});
const token = (await readFile(fake.house.paths.httpToken, 'utf8')).trim();
console.log(JSON.stringify({ dns: port, http: http.port, token }));
