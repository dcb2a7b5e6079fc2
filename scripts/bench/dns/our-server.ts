/** The daemon's DNS on a registry with its files. `address` a line on stdin: the last name has it from now on. */
import { createInterface } from 'node:readline';
import { createDnsService } from '../../../packages/host/src/daemon/dns-service.ts';
import { makeRecord } from '../../../packages/host/src/dns/testing.ts';
import { openFileRegistry } from '../../../packages/host/src/registry/file-registry.ts';
import { getPaths } from '../../../packages/host/src/system/paths.ts';
import { CHANGING, NAMES } from './names.ts';

const [home = '', port = ''] = process.argv.slice(2);
const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const registry = await openFileRegistry(getPaths(home), owner);
for (const { project, sandbox, address } of NAMES) {
  await registry.put(makeRecord(`${project}/${sandbox}`, { address }));
}
const network = { subnet: '192.168.64.0/24', gateway: '192.168.64.1' };
const service = createDnsService({ port: Number(port), registry, network });
await service.listen({ address: '127.0.0.1', audience: 'host' });
console.log('ready');
for await (const address of createInterface({ input: process.stdin })) {
  await registry.put(makeRecord(`${CHANGING.project}/${CHANGING.sandbox}`, { address }));
}
