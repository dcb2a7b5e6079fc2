import { openShare } from '../../src/substrate/qemu/folders/open-share.ts';

/** In a process of its own, which can be killed: opens the share that is its argument, says its process, and stays. */
const { pid, startTime } = await openShare(JSON.parse(process.argv[2] ?? ''), AbortSignal.timeout(20_000));
process.stdout.write(JSON.stringify({ pid, startTime }));
await Bun.sleep(30_000);
