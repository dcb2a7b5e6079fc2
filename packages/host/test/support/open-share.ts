import { openShare } from '../../src/substrate/qemu/folders/open-share.ts';

/** In a process of its own, which can be killed: opens the share that is its argument, says its process, and stays. */
const share = await openShare(JSON.parse(process.argv[2] ?? ''), AbortSignal.timeout(20_000));
await share.serving;
const { pid, startTime } = share;
process.stdout.write(JSON.stringify({ pid, startTime }));
await Bun.sleep(30_000);
