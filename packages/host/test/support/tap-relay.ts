import { read, writeSync } from 'node:fs';
import { openTap } from '../../src/system/tap.ts';

/** This program: its argument is the descriptor of a tap of the host's, which it was handed. */
export const TAP_RELAY = import.meta.path;

/** The longest frame, with the header of virtio. */
const FRAME = 65_536 + 64;

function relay(from: number, to: number) {
  const buffer = Buffer.alloc(FRAME);
  const next = () =>
    read(from, buffer, 0, FRAME, null, (error, length) => {
      // Either may be down, or gone: then nothing passes.
      if (error) return void setTimeout(next, 20);
      try {
        writeSync(to, buffer, 0, length);
      } catch {}
      next();
    });
  next();
}

/**
 * A machine at the end of a tap, as QEMU is: its eth0 is another tap, in the network namespace that this runs in, and all
 * frames of one go to the other.
 */
if (import.meta.main) {
  const host = Number(process.argv[2]);
  const guest = openTap('eth0');
  relay(host, guest);
  relay(guest, host);
  console.log('ready');
}
