import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeImages, createFakeSteps } from './testing.ts';
import { putInPlace, withWorkshop } from './workshop.ts';

const STEPS = ['kit', 'root', 'disk'];
const TAG = 'localhost/cspace:one';
/** Makes an image until the step named, and stays there. */
const HANGS = `
const { createFakeImages, createFakeSteps } = await import(process.argv[1]);
const [store, hanging] = process.argv.slice(2);
const { steps } = createFakeSteps({}, (step) => {
  if (step !== hanging) return;
  console.log('there');
  return new Promise((resolve) => setTimeout(resolve, 60_000));
});
await createFakeImages({ store, steps }).ensure('${TAG}', { signal: AbortSignal.timeout(60_000) });
`;
let folder: string;
let store: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'workshop-')));
  store = join(folder, 'vm');
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = () => ({ store, signal: AbortSignal.timeout(5000), onWait: () => {} });

async function killWhile(step: string): Promise<void> {
  const argv = [process.execPath, '-e', HANGS, join(import.meta.dir, 'testing.ts'), store, step];
  const child = Bun.spawn(argv, { stdout: 'pipe', stderr: 'inherit', timeout: 30_000 });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe('there\n');
  child.kill('SIGKILL');
  await child.exited;
}

test.each(STEPS)(
  'withWorkshop: a build killed while it makes %s leaves no half one; the next goes on',
  async (step) => {
    await killWhile(step);
    const left = readdirSync(store);
    expect(left.filter((name) => name.startsWith('.partial-'))).toHaveLength(1);
    expect(left.filter((name) => name.startsWith('image-'))).toEqual([]);
    const { steps, done } = createFakeSteps({});
    const { images, ensure } = createFakeImages({ store, steps });
    expect(await images.find(TAG)).toBeUndefined();
    await ensure(TAG);
    expect(await images.hasImage(TAG, AbortSignal.timeout(1000))).toBe(true);
    expect(readdirSync(store).filter((name) => name.startsWith('.partial-'))).toEqual([]);
    expect(done).toEqual(STEPS.slice(STEPS.indexOf(step)));
  },
);

test('withWorkshop gives paths without a link in them', async () => {
  symlinkSync(folder, join(folder, 'link'));
  const work = async (paths: { store: string; folder: string }) => paths;
  const found = await withWorkshop({ ...at(), store: join(folder, 'link/vm') }, work);
  expect(found.store).toBe(store);
  expect(found.folder.startsWith(`${store}/.partial-`)).toBe(true);
});

test('withWorkshop: one at a time', async () => {
  const order: string[] = [];
  const work = (name: string) => async () => {
    order.push(`${name} begins`);
    await Bun.sleep(20);
    order.push(`${name} ends`);
  };
  await Promise.all([withWorkshop(at(), work('a')), withWorkshop(at(), work('b'))]);
  expect(order).toHaveLength(4);
  expect(order[1]).toBe(order[0]?.replace('begins', 'ends') ?? '');
});

test('putInPlace: a folder takes the place of one that was not whole', async () => {
  await withWorkshop(at(), async (workshop) => {
    for (const [name, file] of [
      ['old', 'vmlinux'],
      ['new', 'initrd'],
    ] as const) {
      const made = join(workshop.folder, name);
      await Bun.write(join(made, file), name);
      await putInPlace(made, join(store, 'kit-1'));
    }
  });
  expect(readdirSync(join(store, 'kit-1'))).toEqual(['initrd']);
});
