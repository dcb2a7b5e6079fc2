import { expect } from 'bun:test';
import { existsSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GUEST_MEMORY } from '../support/vm-processes.ts';
import { BOOT } from './contract.ts';
import type { QemuContract } from './qemu-fixture.ts';

const MIB = 1024 * 1024;
/** What the console may take: two files of 4 MiB, each longer by what QEMU keeps. */
const MOST_LOG_BYTES = 2 * (4 * MIB + 256 * 1024);

/** What a guest can make the host keep: memory, and what it prints. */
export function describeMemory({ test, h }: QemuContract): void {
  /** Of the guest's memory, what the host really has: the file without a name that QEMU keeps it in. */
  function getGuestMiB(pid: number | null): number {
    const folder = `/proc/${pid}/fd`;
    const isMemory = (fd: string) => GUEST_MEMORY.test(readlinkSync(join(folder, fd)));
    const [fd = ''] = readdirSync(folder).filter(isMemory);
    return (statSync(join(folder, fd)).blocks * 512) / MIB;
  }

  test('memory that the guest has freed goes back to the host', async () => {
    const spec = h().spec('mercury', BOOT.polite, { limits: { cpus: 1, memoryMiB: 640, pids: 64 } });
    const { pid } = await h().boot(spec);
    const before = getGuestMiB(pid);
    const use =
      'x = bytearray(300 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nopen("/workspace/used", "w")\nimport time\nwhile True: time.sleep(1)';
    const using = h().exec('mercury', ['timeout', '300', 'python3', '-c', use]);
    await h().waitFor('it is used', () => existsSync(join(h().workspace('mercury'), 'used')));
    expect(getGuestMiB(pid)).toBeGreaterThan(before + 250);
    await h().exec('mercury', ['pkill', 'python3']);
    await using;
    await h().waitFor('it is given back', () => getGuestMiB(pid) < before + 100);
  });

  test('a flood on the console is bounded, while nobody reads it and while a daemon does', async () => {
    const flood =
      'i=0; while :; do i=$((i+1)); printf "%0999d\\n" $i; [ $((i % 100)) != 0 ] || echo $i >/workspace/lines; done';
    const spec = h().spec('mercury', flood);
    await h().substrate.create(spec, h().signal());
    // As after hours of it: the next look fills it.
    const log = join(spec.folder, 'console.log');
    writeFileSync(log, Buffer.alloc(4 * MIB - 1000, 'x'));
    await h().start('mercury');
    const getLines = () => Number(h().read('mercury', 'lines'));
    await h().waitFor('more than QEMU keeps', () => getLines() > 400);
    const sizes = () => [log, `${log}.1`].map((path) => (existsSync(path) ? statSync(path).size : 0));
    expect(sizes()[0]).toBeLessThan(4 * MIB + 256 * 1024);
    const stop = new AbortController();
    const watching = h().substrate.watch(() => undefined, stop.signal);
    const seen = getLines();
    await h().waitFor(
      'it has turned the page, and floods on',
      () => existsSync(`${log}.1`) && getLines() > seen + 400,
    );
    expect(sizes().reduce((sum, size) => sum + size)).toBeLessThan(MOST_LOG_BYTES);
    expect((await h().exec('mercury', ['echo', 'usable'])).stdout).toBe('usable\n');
    stop.abort();
    await watching;
  });
}
