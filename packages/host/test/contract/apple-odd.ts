import { describe, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { getLabels } from '../../src/substrate/labels.ts';
import type { Plug } from '../../src/substrate/substrate.ts';
import type { StandIn } from '../apple/install.ts';
import { APPLE_VERSION } from '../support/substrate-under-test.ts';
import { testUnless } from '../support/test-unless.ts';
import { type AppleFixture, getStandInReason } from './apple-fixture.ts';
import { BOOT, type Contract, expectProblem } from './contract.ts';

export interface AppleContract extends Contract {
  fixture: () => AppleFixture;
}

const TIMEOUT_MS = 120_000;
const NAME = 'cspace-contract--mercury';

/** What is Apple's alone: its own ways to say no, and what else is on the host. */
export function describeOdd({ test, h, fixture }: AppleContract): void {
  const knobs: StandIn['setKnobs'] = (given) => fixture().getStandIn().setKnobs(given);
  const container = (...args: string[]): string => {
    const result = fixture().container(...args);
    if (result.code !== 0) throw new Error(`container ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  };
  /** With a stand-in that misbehaves. */
  const odd: typeof test = (title, body) => testUnless(getStandInReason())(title, body, TIMEOUT_MS);
  /** The address at a start, of a machine that is there. */
  async function start(name: string): Promise<string> {
    const plugs: Plug[] = [];
    await h().substrate.start(
      h().ref(name),
      (plug) => {
        plugs.push(plug);
        return h().attach(h().ref(name), plug);
      },
      h().signal(),
    );
    const [plug] = plugs;
    return plug?.kind === 'own' ? plug.network.address : '';
  }

  test('start: tells of another address each time, and dial finds the machine there', async () => {
    const serve = 'exec python3 -m http.server 3000';
    await h().substrate.create(h().spec('mercury', serve), h().signal());
    const first = await start('mercury');
    await h().substrate.stop(h().ref('mercury'), 0, h().signal());
    const second = await start('mercury');
    expect([first === second, first !== '']).toEqual([false, true]);
    expect((await h().substrate.inspect(h().ref('mercury'), h().signal()))?.network?.address).toBe(second);
    await h().waitFor('it answers', async () => {
      const stream = await h().substrate.dial(h().ref('mercury'), 3000, h().signal());
      stream.destroy();
      return true;
    });
  });

  odd('trap-3: destroy goes on where the removal is refused while it is stopping', async () => {
    await h().boot('mercury', BOOT.polite);
    const message = `container ${NAME} is not stopped and can not be deleted`;
    knobs({ failures: [{ command: 'rm', times: 2, code: 'invalidState', message }] });
    await h().substrate.destroy(h().ref('mercury'), h().signal());
    expect(await h().substrate.list(h().signal())).toEqual([]);
  });

  odd('stop: a leftover command makes it fail once; it ends all the same', async () => {
    await h().boot('mercury', BOOT.polite);
    const message = 'deleteProcess: exec 42 does not exist';
    knobs({ failures: [{ command: 'stop', times: 1, code: 'internalError', message }] });
    await h().substrate.stop(h().ref('mercury'), 5000, h().signal());
    expect((await h().substrate.inspect(h().ref('mercury'), h().signal()))?.state).toBe('exited');
  });

  odd('the service is down: every verb says so, with the command that starts it', async () => {
    knobs({ apiserver: 'not running' });
    const [ref, signal] = [h().ref('mercury'), h().signal()];
    const tries: [string, () => Promise<unknown>][] = [
      ['list', () => h().substrate.list(signal)],
      ['create', () => h().substrate.create(h().spec('mercury', BOOT.polite), signal)],
      ['stop', () => h().substrate.stop(ref, 0, signal)],
      ['destroy', () => h().substrate.destroy(ref, signal)],
      ['image', () => h().substrate.hasImage(h().image, signal)],
    ];
    for (const [verb, attempt] of tries) {
      const problem = await attempt().then(() => undefined, toProblem);
      expect([verb, problem?.code, problem?.fix]).toEqual([
        verb,
        'engine-missing',
        'container system start --enable-kernel-install',
      ]);
    }
    const probe = await h().substrate.probe(h().signal());
    expect(probe).toMatchObject({ usable: false, version: APPLE_VERSION });
    expect(probe.findings.at(-1)?.fix).toBe('container system start --enable-kernel-install');
    knobs({});
  });

  odd('slow answers are waited for', async () => {
    knobs({ slowMs: { ls: 1500, start: 2000 } });
    expect((await h().boot('mercury', BOOT.polite)).state).toBe('running');
    knobs({});
  });

  odd('noise on stderr, others’ machines and odd words change nothing', async () => {
    knobs({ noise: true, foreign: true, oddText: true });
    const volumes = ['/workspace/node_modules'];
    const spec = h().spec('mercury', BOOT.polite, { volumes });
    await Promise.all([1, 2].map(() => h().substrate.create(spec, h().signal())));
    await start('mercury');
    expect((await h().exec('mercury', ['sh', '-c', 'exit 5'])).code).toBe(5);
    expect(await h().substrate.list(h().signal())).toHaveLength(1);
    await expectProblem(
      h().substrate.create({ ...h().spec('venus', BOOT.polite), image: 'localhost/no:such' }, h().signal()),
      'image-missing',
    );
    await h().substrate.destroy(h().ref('mercury'), h().signal());
    expect(await h().substrate.inspect(h().ref('mercury'), h().signal())).toBeUndefined();
    knobs({});
  });

  odd('networks are not there before macOS 26: create says so, and leaves nothing', async () => {
    knobs({ network: 'unsupported' });
    const made = await h().substrate.create(h().spec('mercury', BOOT.polite), h().signal()).catch(toProblem);
    expect(made).toMatchObject({ code: 'machine-failed', why: expect.stringContaining('macOS 26') });
    knobs({});
    expect(await h().substrate.list(h().signal())).toEqual([]);
  });

  test('readConsole: the last that the machine printed', async () => {
    await h().boot('mercury', `echo to the console; ${BOOT.polite}`);
    await h().waitFor('the console', async () =>
      ((await h().substrate.readConsole?.(h().ref('mercury'))) ?? '').includes('to the console'),
    );
  });

  test('trap-24: no value of a file stands in what container knows of a machine', async () => {
    const spec = h().spec('mercury', BOOT.polite);
    writeFileSync(join(h().runFolder('mercury'), 'secrets.env'), "ANTHROPIC_API_KEY='canary-77aa'\n");
    await h().boot(spec);
    const records = container('inspect', NAME) + container('logs', '--boot', NAME);
    expect(records).toContain('dev.cspace.sandbox');
    expect(records).not.toContain('canary-77aa');
  });

  test('network none: reaches nobody but the host, and its network goes with it', async () => {
    const count = () => JSON.parse(container('network', 'list', '--format', 'json')).length;
    const before = count();
    await h().boot(h().spec('mercury', BOOT.polite));
    await h().boot(h().spec('closed', BOOT.polite, { network: 'none' }));
    const other = (await h().substrate.inspect(h().ref('mercury'), h().signal()))?.network?.address ?? '';
    const ping = (address: string) => h().exec('closed', ['ping', '-c', '1', '-W', '2', address]);
    const own = (await h().substrate.inspect(h().ref('closed'), h().signal()))?.network;
    expect((await ping(own?.gateway ?? '')).code).toBe(0);
    expect((await ping(other)).code).not.toBe(0);
    expect(count()).toBe(before + 2);
    for (const name of ['closed', 'mercury']) await h().substrate.destroy(h().ref(name), h().signal());
    expect(count()).toBe(before);
  });

  describe('what is not ours', () => {
    const make = (labels: Record<string, string> = {}) =>
      container(
        ...['create', '--name', NAME],
        ...Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
        h().image,
      );
    test('a stranger of our name, or a machine of another home, is never listed, stopped or removed', async () => {
      for (const [labels, code] of [
        [{}, 'machine-failed'],
        [getLabels(h().ref('mercury'), 'ffffffffffff'), 'home-conflict'],
      ] as const) {
        make(labels);
        expect(await h().substrate.list(h().signal())).toEqual([]);
        await h().substrate.stop(h().ref('mercury'), 0, h().signal());
        await h().substrate.destroy(h().ref('mercury'), h().signal());
        await expectProblem(h().substrate.create(h().spec('mercury', BOOT.polite), h().signal()), code);
        expect(container('ls', '--all', '-q')).toContain(NAME);
        container('rm', '--force', NAME);
      }
    });
  });
}
