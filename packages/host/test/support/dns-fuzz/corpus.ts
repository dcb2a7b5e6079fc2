import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dir, 'corpus.txt');

/** The packets that mutations start from, and those that were once answered wrongly: `<name> <hexadecimal>` a line. */
export function readCorpus(): { name: string; packet: Buffer }[] {
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', hex = ''] = line.split(' ');
      return { name, packet: Buffer.from(hex, 'hex') };
    });
}

export function addToCorpus(name: string, packet: Buffer): void {
  appendFileSync(FILE, `${name} ${packet.toString('hex')}\n`);
}
