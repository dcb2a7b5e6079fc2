import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toProblem } from '@cspace/protocol/problem';
import { getLabels } from '../labels.ts';
import type { MachineSpec, Substrate } from '../substrate.ts';
import type { HostFacts } from './facts.ts';
import { createPodman } from './podman.ts';

/** Stand-ins for podman on PATH: a shell script that answers `ps`, `create` and so on as a broken engine would. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cspace-podman-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HOME = '0123456789ab';
const REF = { project: 'shop', sandbox: 'mercury' };
const ID = 'a'.repeat(64);
const ROW = {
  Id: ID,
  Names: ['cspace-shop--mercury'],
  Labels: getLabels(REF, HOME),
  State: 'running',
  Pid: 42,
  ExitCode: 0,
  StartedAt: 1_700_000_000,
  Created: 1_700_000_000,
};
const SPEC: MachineSpec = {
  ref: REF,
  homeLabel: HOME,
  image: 'localhost/cspace:1',
  owner: { uid: 0, gid: 0 },
  mounts: [],
  volumes: [],
  network: 'nat',
  limits: { cpus: 1, memoryMiB: 256, pids: 64 },
  sysctls: {},
  env: {},
  folder: '/nowhere',
};
const FACTS: HostFacts = {
  hybridCgroups: false,
  systemd: false,
  mayRaiseLimits: true,
  maxOpenFiles: 1024,
  maxProcesses: 1024,
  netavark: false,
  crun: undefined,
};
const signal = () => AbortSignal.timeout(20_000);
const ps = (...rows: object[]) => `ps) echo '${JSON.stringify(rows)}' ;;`;

/** `cases` are the arms of a shell `case` on podman's first argument. */
function standIn(...cases: string[]): Substrate {
  const log = join(folder, 'calls');
  const script = [
    '#!/bin/sh',
    `printf '%s\\n' "$*" >>'${log}'`,
    'case "$1" in',
    "--version) echo 'podman version 4.3.1' ;;",
    ...cases,
    '*) exit 125 ;;',
    'esac',
    '',
  ].join('\n');
  writeFileSync(join(folder, 'podman'), script);
  chmodSync(join(folder, 'podman'), 0o755);
  return make(`${folder}:/usr/bin:/bin`);
}

function make(path: string): Substrate {
  return createPodman({
    folder: join(folder, 'engine'),
    owner: { uid: 0, gid: 0 },
    homeLabel: HOME,
    addressOf: () => undefined,
    path,
    deadlines: { query: 500, change: 500, remove: 500 },
    getFacts: async () => FACTS,
  });
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').split('\n');

async function problemOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error('it did not fail');
  return toProblem(error);
}

test('list: engine-missing where podman is not installed', async () => {
  const problem = await problemOf(make(folder).list(signal()));
  expect(problem).toMatchObject({ code: 'engine-missing', fix: 'cspace setup' });
});
test('list: works once podman was installed meanwhile', async () => {
  const substrate = make(folder);
  await problemOf(substrate.list(signal()));
  standIn(ps());
  expect(await substrate.list(signal())).toEqual([]);
});
test('list: a hanging podman is given up after its deadline', async () => {
  const substrate = standIn('ps) exec sleep 60 ;;');
  const startedAt = performance.now();
  const problem = await problemOf(substrate.list(signal()));
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(problem.code).toBe('machine-failed');
  expect(problem.message).toContain('in time');
});
test('list: other text than JSON is a problem that shows it', async () => {
  const problem = await problemOf(standIn("ps) echo 'Welcome to podman' ;;").list(signal()));
  expect(problem).toMatchObject({ code: 'machine-failed', why: 'Welcome to podman' });
});
test('list: the last lines of a failure are its why', async () => {
  const problem = await problemOf(
    standIn('ps) echo cannot >&2; echo open db >&2; exit 125 ;;').list(signal()),
  );
  expect(problem.why).toBe('cannot\nopen db');
});
test('list: the signal ends it at once', async () => {
  const substrate = standIn('ps) exec sleep 60 ;;');
  const problem = await problemOf(substrate.list(AbortSignal.timeout(50)));
  expect(problem.code).toBe('interrupted');
});

test('list: engine-too-old says which version is needed', async () => {
  const substrate = standIn(ps());
  const script = readFileSync(join(folder, 'podman'), 'utf8').replace('4.3.1', '4.2.9');
  writeFileSync(join(folder, 'podman'), script);
  const problem = await problemOf(substrate.list(signal()));
  expect(problem.code).toBe('engine-too-old');
  expect(problem.why).toContain('4.3.0 or later');
});

test('create: exit 0 with an error instead of an id is a failure', async () => {
  const substrate = standIn("create) echo 'Error: no space left on device' ;;", ps());
  expect(await problemOf(substrate.create(SPEC, signal()))).toMatchObject({
    code: 'machine-failed',
    why: 'Error: no space left on device',
  });
});
test('create: a failure with the image there tells what the engine said', async () => {
  const substrate = standIn("create) echo 'Error: boom' >&2; exit 125 ;;", ps(), 'image) exit 0 ;;');
  expect((await problemOf(substrate.create(SPEC, signal()))).why).toBe('Error: boom');
});
test('create: a failure with the image missing is image-missing', async () => {
  const substrate = standIn('create) exit 125 ;;', ps(), 'image) exit 1 ;;');
  expect(await problemOf(substrate.create(SPEC, signal()))).toMatchObject({
    code: 'image-missing',
    fix: 'cspace image build',
  });
});
test('create: a machine of ours that has the name is given as it is', async () => {
  const substrate = standIn('create) exit 125 ;;', ps(ROW));
  expect(await substrate.create(SPEC, signal())).toMatchObject({ id: ID, state: 'running' });
});
test('create: a machine of another home that has the name is a conflict, and is let alone', async () => {
  const substrate = standIn('create) exit 125 ;;', ps({ ...ROW, Labels: getLabels(REF, 'ffffffffffff') }));
  const problem = await problemOf(substrate.create(SPEC, signal()));
  expect(problem.code).toBe('home-conflict');
  expect(problem.why).toContain('ffffffffffff');
  expect(calls().some((call) => call.startsWith('rm'))).toBe(false);
});
test('create: a stranger that has the name is let alone', async () => {
  const substrate = standIn('create) exit 125 ;;', ps({ ...ROW, Labels: null }));
  expect((await problemOf(substrate.create(SPEC, signal()))).message).toContain("not cspace's");
  expect(calls().some((call) => call.startsWith('rm'))).toBe(false);
});
test('create: what only the storage knows is removed, and the machine made', async () => {
  const gone = join(folder, 'gone');
  const substrate = standIn(
    `create) [ -e '${gone}' ] && echo ${ID} || exit 125 ;;`,
    ps({ ...ROW, Labels: null, State: 'storage' }),
    `rm) touch '${gone}' ;;`,
  );
  expect(await substrate.create(SPEC, signal())).toMatchObject({ id: ID, state: 'created' });
});

test('destroy: exit 0 while the machine is still there is a failure', async () => {
  const problem = await problemOf(standIn('rm) exit 0 ;;', ps(ROW)).destroy(REF, signal()));
  expect(problem.message).toContain('but it is there');
}, 15_000);
test('destroy: a failure that did remove it is none', async () => {
  const gone = join(folder, 'gone');
  const substrate = standIn(
    `rm) touch '${gone}'; echo 'Error: device or resource busy' >&2; exit 125 ;;`,
    `ps) [ -e '${gone}' ] && echo '[]' || echo '${JSON.stringify([ROW])}' ;;`,
  );
  await substrate.destroy(REF, signal());
  expect(existsSync(gone)).toBe(true);
});
test('destroy: nothing where there is nothing', async () => {
  await standIn(ps()).destroy(REF, signal());
  expect(calls().some((call) => call.startsWith('rm'))).toBe(false);
});
test('stop: exit 0 while it runs on is a failure', async () => {
  const problem = await problemOf(standIn('stop) ;;', 'kill) ;;', ps(ROW)).stop(REF, 0, signal()));
  expect(problem.message).toContain('could not stop');
}, 15_000);
const attach = () => Promise.reject(new Error('attached'));
test('start: sandbox-not-running where there is no machine', async () => {
  const problem = await problemOf(standIn(ps()).start(REF, attach, signal()));
  expect(problem.code).toBe('sandbox-not-running');
});
test('start: never attaches where init failed', async () => {
  const substrate = standIn('init) echo boom; exit 125 ;;', ps({ ...ROW, State: 'created', Pid: 0 }));
  // `attach` would throw something else.
  expect((await problemOf(substrate.start(REF, attach, signal()))).why).toBe('boom');
});
test('start: one that an earlier start left half started is ended and started anew', async () => {
  const substrate = standIn(
    'start) [ -e "$0.ended" ] || { echo "cannot open exec.fifo" >&2; exit 125; } ;;',
    'stop) : >"$0.ended" ;;',
    ps({ ...ROW, State: 'created' }),
  );
  const cable = { link: '', address: '', mac: '', gateway: '', gatewayMac: '' };
  expect((await substrate.start(REF, async () => cable, signal())).state).toBe('running');
  expect(
    calls()
      .filter((call) => /^(start|stop)/.test(call))
      .map((call) => call.split(' ')[0]),
  ).toEqual(['start', 'stop', 'start']);
});
test('hasImage: 1 is no, another failure is a problem', async () => {
  expect(await standIn('image) exit 1 ;;').hasImage('x', signal())).toBe(false);
  expect((await problemOf(standIn('image) exit 125 ;;').hasImage('x', signal()))).code).toBe(
    'machine-failed',
  );
});
test('ensureImage: image-build-failed with the last lines, each line told as it came', async () => {
  const lines: string[] = [];
  const context = {
    tag: 'x',
    alias: 'localhost/cspace:latest',
    folder: '/',
    buildArgs: {},
    onLine: (line: string) => lines.push(line),
  };
  const substrate = standIn('build) echo STEP 1; echo "Error: no such file" >&2; exit 1 ;;');
  const problem = await problemOf(substrate.ensureImage({ ...context, signal: signal() }));
  expect(problem.code).toBe('image-build-failed');
  expect(problem.why).toContain('Error: no such file');
  expect(lines).toContain('STEP 1');
  expect(calls().join()).toContain('--tag localhost/cspace:latest');
});

test('probe: names podman and its package where it is missing, and never throws', async () => {
  const probe = await make(folder).probe(signal());
  expect(probe.usable).toBe(false);
  expect(probe.findings.flatMap((finding) => finding.packages ?? [])).toContain('podman');
});
test('probe: an old podman is not usable, with the reason', async () => {
  const substrate = standIn();
  const script = readFileSync(join(folder, 'podman'), 'utf8').replace('4.3.1', '3.4.4');
  writeFileSync(join(folder, 'podman'), script);
  const probe = await substrate.probe(signal());
  expect(probe).toMatchObject({ usable: false, version: '3.4.4' });
  expect(probe.findings[0]?.why).toContain('4.3.0 or later');
});
