// Starts a machine that is there, in a process of its own: a daemon that can be killed. Argument: JSON of its options.
import { createAccel } from '../../src/substrate/qemu/accel.ts';
import { createVmImages } from '../../src/substrate/qemu/image/create-vm-images.ts';
import { createQemu } from '../../src/substrate/qemu/qemu.ts';
import { BASE_ENV } from '../../src/system/exec.ts';

const { homeLabel, stateFolder, store, ref, cable } = JSON.parse(process.argv[2] ?? '{}');
const never = () => Promise.reject(new Error('never called'));
const builder = { hasImage: never, ensureImage: never };
const substrate = createQemu({
  homeLabel,
  stateFolder,
  builder,
  images: createVmImages({ store, builder, run: never, loadKit: never }),
  addressOf: () => undefined,
  getAccel: createAccel({ path: BASE_ENV.PATH, store }),
  probe: never,
});
console.log('starting');
await substrate.start(ref, async () => cable, AbortSignal.timeout(300_000));
