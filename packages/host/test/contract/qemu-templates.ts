import { expect } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getTemplatesFolder } from '../../src/substrate/qemu/template/store.ts';
import type { Machine, Substrate } from '../../src/substrate/substrate.ts';
import { findTexts } from '../support/find-texts.ts';
import { findVmProcesses } from '../support/vm-processes.ts';
import { BOOT } from './contract.ts';
import type { QemuContract } from './qemu-fixture.ts';

const KEY = /^[0-9a-f]{64}$/;
/** What must differ between two machines of one template, and what they are by. */
const LOOK = [
  'cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id',
  'sha256sum </run/cspace-vm/host_key; cat /sys/class/net/eth0/address; uname -n; cat /workspace/mine',
].join('; ');
const NAMES = ['mercury', 'venus', 'earth'] as const;

/** Machines from memory templates: their own from the first moment, and none the worse where there is no template. */
export function describeTemplates({ test, h, fixture }: QemuContract): void {
  /** A store with templates of the test's own, for the images of the suite. */
  async function makeStore(): Promise<string> {
    // Whoever asks for the first time takes away what is nobody's: also a template in the making.
    await h().substrate.list(h().signal());
    const store = join(h().folder, 'store');
    mkdirSync(store);
    for (const name of readdirSync(fixture().store).filter((each) => /^(kit|root)-/.test(each)))
      symlinkSync(join(fixture().store, name), join(store, name));
    return store;
  }
  const listTemplates = (store: string) =>
    readdirSync(getTemplatesFolder(store), { encoding: 'utf8' }).filter((name) => KEY.test(name));

  async function boot(substrate: Substrate, name: string): Promise<Machine> {
    const spec = h().spec(name, BOOT.polite);
    writeFileSync(join(h().workspace(name), 'mine'), `canary of ${name}\n`);
    await substrate.create(spec, h().signal());
    const machine = await substrate.start(spec.ref, (plug) => h().attach(spec.ref, plug), h().signal());
    // The suite has its commands from the other one, which sees it so.
    await h().substrate.list(h().signal());
    return machine;
  }

  /** Calls `use` with a template of which `mercury`, which was booted, gave the occasion. */
  async function withTemplate(use: (substrate: Substrate, store: string) => Promise<void>): Promise<void> {
    const store = await makeStore();
    const substrate = fixture().another({ templates: { store, quietMs: 0 } });
    const stop = new AbortController();
    const watching = substrate.watch(() => undefined, stop.signal);
    try {
      expect(await boot(substrate, 'mercury')).toMatchObject({ state: 'running', restored: false });
      await h().waitFor('the template', () => listTemplates(store).length === 1);
      await use(substrate, store);
    } finally {
      stop.abort();
      await watching;
    }
  }

  test('two machines of one template are two: random numbers, keys, addresses, names, clocks, folders', () =>
    withTemplate(async (substrate) => {
      for (const name of ['venus', 'earth'])
        expect(await boot(substrate, name)).toMatchObject({ state: 'running', restored: true });
      const seen: string[][] = [];
      for (const name of NAMES) {
        const { stdout, stderr } = await h().exec(name, ['sh', '-c', LOOK]);
        expect(stderr).toBe('');
        seen.push(stdout.trim().split('\n'));
      }
      expect(seen.map((lines) => lines.slice(-2))).toEqual(NAMES.map((name) => [name, `canary of ${name}`]));
      const all = seen.flat();
      expect(new Set(all).size).toBe(all.length);
      expect(all).toHaveLength(NAMES.length * 6);
      for (const name of NAMES) {
        const before = Date.now() / 1000;
        const { stdout } = await h().exec(name, ['date', '+%s.%N']);
        expect(Number(stdout)).toBeGreaterThan(before - 1);
        expect(Number(stdout)).toBeLessThan(Date.now() / 1000 + 1);
      }
    }));

  test('a machine of a template ends in order, and has its disk when it is started again', () =>
    withTemplate(async (substrate) => {
      const ref = h().ref('venus');
      await boot(substrate, 'venus');
      await h().exec('venus', ['sh', '-c', 'echo kept >/var/lib/mine']);
      await substrate.stop(ref, 10_000 * h().slowness, h().signal());
      expect(await h().waitForState('venus', 'exited')).toMatchObject({ exitCode: 7 });
      const again = await substrate.start(ref, (plug) => h().attach(ref, plug), h().signal());
      expect(again).toMatchObject({ state: 'running', restored: true });
      expect((await h().exec('venus', ['cat', '/var/lib/mine'])).stdout).toBe('kept\n');
    }));

  test('nothing of a machine is in a template: tokens, secrets, keys, names, addresses', () =>
    withTemplate(async (_, store) => {
      const [key = ''] = listTemplates(store);
      const folder = join(getTemplatesFolder(store), key);
      const { stdout } = await h().exec('mercury', ['cat', '/run/cspace-vm/host_key', '/etc/hostname']);
      const keyLine = stdout.split('\n')[2] ?? '';
      expect(keyLine.length).toBeGreaterThan(40);
      const secrets = ['mercury', 'canary of ', keyLine, '192.168.64.', h().homeLabel];
      for (const file of readdirSync(folder))
        expect([file, await findTexts(join(folder, file), secrets)]).toEqual([file, []]);
      // It would have been found: the guest's kernel is there, with its own command line.
      expect(await findTexts(join(folder, 'ram'), ['cryptomgr.notests'])).toEqual(['cryptomgr.notests']);
    }));

  test('a template that is broken is not needed: the machine boots, and the template is gone', () =>
    withTemplate(async (substrate, store) => {
      const [key = ''] = listTemplates(store);
      writeFileSync(join(getTemplatesFolder(store), key, 'state'), 'no state of a machine');
      expect(await boot(substrate, 'venus')).toMatchObject({ state: 'running', restored: false });
      expect((await h().exec('venus', ['uname', '-n'])).stdout).toBe('venus\n');
      expect(listTemplates(store)).toEqual([]);
    }));

  test('the making of a template is given up with whoever watches, and leaves nothing', async () => {
    const store = await makeStore();
    const substrate = fixture().another({ templates: { store, quietMs: 0 } });
    const stop = new AbortController();
    const watching = substrate.watch(() => undefined, stop.signal);
    const { id } = await boot(substrate, 'mercury');
    const others = () =>
      findVmProcesses(fixture().stateFolder).all.filter(({ argv }) => !argv.join(' ').includes(id));
    await h().waitFor('a guest that is nobody’s', () =>
      others().some(({ argv }) => argv[0]?.startsWith('qemu')),
    );
    stop.abort();
    await watching;
    expect(others()).toEqual([]);
    expect(readdirSync(fixture().stateFolder)).toEqual([id]);
    expect(readdirSync(getTemplatesFolder(store))).toEqual(['.lock']);
    expect(readFileSync('/proc/net/dev', 'utf8')).not.toContain('cst');
  });
}
