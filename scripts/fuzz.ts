/** Asks the DNS responder mutated packets, and keeps in the corpus what it answers wrongly: npm run fuzz. */
import { parseArgs } from 'node:util';
import { addToCorpus } from '../packages/host/test/support/dns-fuzz/corpus.ts';
import { fuzz } from '../packages/host/test/support/dns-fuzz/fuzz.ts';

const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } });
const count = Number(values.count ?? 1_000_000);
const seed = Number(values.seed ?? Date.now() % 2 ** 32);
if (!Number.isSafeInteger(count) || !Number.isSafeInteger(seed)) {
  console.error('fuzz: --count and --seed are whole numbers');
  process.exit(2);
}

console.log(`seed ${seed}: scripts/fuzz --count ${count} --seed ${seed} does the same again`);
const before = performance.now();
const { sent, kinds, failures } = fuzz({ seed, count });
const seconds = (performance.now() - before) / 1000;
for (const { packet, mistake } of failures) {
  console.log(`${mistake}: ${packet.toString('hex')}`);
  addToCorpus(`found-${seed}`, packet);
}
const codes = Object.entries(kinds).map(([kind, n]) =>
  kind === 'drop' ? `${n} none` : `${n} with code ${kind}`,
);
console.log(`answers: ${codes.join(', ')}`);
console.log(
  `${sent} packets in ${seconds.toFixed(1)} s, ${Math.round(sent / seconds)} a second; ${failures.length} answered wrongly`,
);
process.exit(failures.length > 0 ? 1 : 0);
