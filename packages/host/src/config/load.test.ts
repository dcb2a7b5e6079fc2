import { expect, test } from 'bun:test';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { useTempFolder } from '../git/testing.ts';
import { type LoadOptions, loadConfig } from './load.ts';

const temp = useTempFolder();

interface Given extends Partial<LoadOptions> {
  user?: unknown;
  project?: unknown;
}

function write(path: string, content: unknown): void {
  if (content !== undefined)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
}

async function load({ user, project, ...more }: Given = {}) {
  const folder = temp();
  const [home, source] = [join(folder, 'home'), join(folder, 'source')];
  mkdirSync(home);
  mkdirSync(source);
  write(join(home, 'config.json'), user);
  write(join(source, '.cspace.json'), project);
  return loadConfig({ home, source, hostCpus: 8, ...more });
}

async function mistakes(given: Given) {
  const error = await load(given).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ProblemError)) throw new Error(`no problem: ${String(error)}`);
  const lines = (error.problem.why ?? '').split('\n').map((line) => line.replace(/^.*\/(?=[^/]*json)/, ''));
  return { code: error.problem.code, message: error.problem.message, fix: error.problem.fix, lines };
}

test('loadConfig: without a word the defaults hold', async () => {
  const { config, notices } = await load();
  expect(config).toEqual({
    project: undefined,
    model: undefined,
    substrate: undefined,
    network: 'nat',
    limits: { cpus: 4, memoryMiB: 4096, pids: 4096 },
    volumes: [],
    bridge: 'cspace0',
    subnet: '192.168.64.0/24',
    ports: { http: 6280, dns: 5354 },
    idleSeconds: 1800,
    templates: true,
  });
  expect(notices).toEqual([]);
  expect((await load({ hostCpus: 2 })).config.limits.cpus).toBe(2);
});

test('loadConfig: flags over variables over .cspace.json over config.json', async () => {
  const layers: Given[] = [
    { user: { model: 'user' } },
    { project: { model: 'project' } },
    { env: { CSPACE_MODEL: 'env' } },
    { flags: { model: 'flag' } },
  ];
  let given: Given = {};
  for (const [index, layer] of layers.entries()) {
    given = { ...given, ...layer };
    expect((await load(given)).config.model).toBe(['user', 'project', 'env', 'flag'][index] as string);
  }
});

test('loadConfig takes every key, each from its file, variable and flag', async () => {
  const { config } = await load({
    user: {
      model: 'opus',
      substrate: 'podman',
      limits: { cpus: 16, memory: '8g', pids: 500 },
      network: 'none',
      bridge: 'cspace7',
      subnet: '10.9.0.0/20',
      ports: { http: 7000, dns: 5354 },
      idleSeconds: 5,
      templates: false,
    },
    project: '// ours\n{ "project": "shop", "limits": { "memory": 2048, }, }\n',
  });
  expect(config).toEqual({
    project: 'shop',
    model: 'opus',
    substrate: 'podman',
    network: 'none',
    limits: { cpus: 16, memoryMiB: 2048, pids: 500 },
    volumes: [],
    bridge: 'cspace7',
    subnet: '10.9.0.0/20',
    ports: { http: 7000, dns: 5354 },
    idleSeconds: 5,
    templates: false,
  });
  const env = {
    CSPACE_PROJECT: 'p',
    CSPACE_SUBSTRATE: 'qemu',
    CSPACE_NETWORK: 'none',
    CSPACE_CPUS: '0.5',
    CSPACE_MEMORY: '1.5g',
    CSPACE_PIDS: '64',
    CSPACE_MODEL: '',
  };
  expect((await load({ env })).config).toMatchObject({
    project: 'p',
    model: undefined,
    substrate: 'qemu',
    network: 'none',
    limits: { cpus: 0.5, memoryMiB: 1536, pids: 64 },
  });
});

test('loadConfig: volumes are the project’s where it names some, else the user’s', async () => {
  const user = { volumes: ['node_modules'] };
  expect((await load({ user })).config.volumes).toEqual(['node_modules']);
  expect((await load({ user, project: { volumes: ['target'] } })).config.volumes).toEqual(['target']);
  expect((await load({ user, project: { volumes: [] } })).config.volumes).toEqual([]);
});

test('loadConfig: .cspace.json narrows', async () => {
  const { config, notices } = await load({
    user: { limits: { memory: '8g' } },
    project: { network: 'none', substrate: 'podman', limits: { cpus: 1, memory: '1g', pids: 100 } },
  });
  expect(config).toMatchObject({
    network: 'none',
    substrate: 'podman',
    limits: { cpus: 1, memoryMiB: 1024, pids: 100 },
  });
  expect(notices).toEqual([]);
});

test('loadConfig: .cspace.json never widens, and it is told', async () => {
  const user = { network: 'none', substrate: 'qemu', limits: { cpus: 2, memory: '1g', pids: 100 } };
  const project = { network: 'nat', substrate: 'podman', limits: { cpus: 3, memory: '2g', pids: 101 } };
  const { config, notices } = await load({ user, project });
  expect(config).toMatchObject({
    network: 'none',
    substrate: 'qemu',
    limits: { cpus: 2, memoryMiB: 1024, pids: 100 },
  });
  expect(notices.map((notice) => notice.split(':')[0])).toEqual([
    'limits.cpus',
    'limits.memory',
    'limits.pids',
    'network',
    'substrate',
  ]);
  // Not beyond the defaults either.
  expect((await load({ project: { limits: { cpus: 64 } } })).config.limits.cpus).toBe(4);
});

test('loadConfig: flags and variables are the user’s own word and may widen', async () => {
  const { config, notices } = await load({
    user: { network: 'none' },
    project: { network: 'nat', limits: { cpus: 64 } },
    flags: { network: 'nat' },
    env: { CSPACE_CPUS: '16' },
  });
  expect(config).toMatchObject({ network: 'nat', limits: { cpus: 16 } });
  expect(notices).toEqual([]);
});

test('loadConfig reports all mistakes of both files at once, each with its place', async () => {
  const found = await mistakes({
    user: '{\n  "subnet": "10.0.0.1/24",\n  "zone": "x",\n  "project": "p"\n}',
    project:
      '{\n  "netwrok": "none",\n  "limits": { "memory": "lots", "disk": 1 },\n  "bridge": "b",\n  "network": "host", "model": "a", "model": "b"\n}',
  });
  expect(found.code).toBe('config-invalid');
  expect(found.message).toBe('the configuration has 9 mistakes');
  expect(found.lines).toEqual([
    'config.json:2:13: subnet: the network that this address is in is "10.0.0.0/24"',
    'config.json:3:3: unknown key "zone"; the keys are model, substrate, limits, network, volumes, bridge, subnet, ports, idleSeconds, templates',
    'config.json:4:3: unknown key "project": it belongs in .cspace.json of the repository',
    '.cspace.json:2:3: unknown key "netwrok"; the keys are project, model, substrate, limits, network, volumes',
    '.cspace.json:3:25: limits.memory: an amount of memory such as "4g", "512m" or 4096 (MiB)',
    '.cspace.json:3:33: limits: unknown key "disk"',
    '.cspace.json:4:3: unknown key "bridge": it belongs in config.json of your cspace home',
    '.cspace.json:5:14: network: Invalid option: expected one of "nat"|"none"',
    '.cspace.json:5:36: "model" a second time',
  ]);
});

test('loadConfig: what is no JSON, no object or nothing at all', async () => {
  expect((await mistakes({ project: '{\n "project" "x"\n}' })).lines[0]).toBe(
    '.cspace.json:2:12: not valid JSON: colon expected',
  );
  expect((await mistakes({ project: '[]' })).lines[0]).toMatch(/^\.cspace\.json:1:1: .*expected object/);
  expect((await mistakes({ project: '' })).lines[0]).toMatch(/^\.cspace\.json:1:1: /);
  expect((await mistakes({ project: '{"__proto__": {"network": "none"}}' })).lines[0]).toContain(
    '"__proto__"',
  );
});

test('loadConfig: bad values are named', async () => {
  for (const user of [
    { limits: { cpus: 0 } },
    { limits: { cpus: '2' } },
    { limits: { memory: '100m' } },
    { limits: { pids: 1.5 } },
    { bridge: 'a-name-too-long-for-it' },
    { bridge: '../x' },
    { subnet: '10.0.0.0/8' },
    { subnet: '300.0.0.0/24' },
    { subnet: 'fe80::/64' },
    { ports: { http: 0 } },
    { ports: { http: 70000 } },
    { idleSeconds: 0 },
    { model: '' },
  ]) {
    expect((await mistakes({ user })).lines[0]).toStartWith(`config.json:1:`);
  }
});

test('loadConfig: a variable of ours that does not exist is an error, others are no concern of ours', async () => {
  const env = {
    CSPACE_NETWROK: 'none',
    CSPACE_CPUS: 'many',
    CSPACE_HOME: '/x',
    CSPACE_TEST_X: '1',
    PATH: '/bin',
  };
  const found = await mistakes({ env });
  expect(found.code).toBe('config-invalid');
  expect(found.lines).toHaveLength(2);
  expect(found.lines[0]).toBe('"CSPACE_NETWROK" is not a variable of cspace');
  expect(found.lines[1]).toStartWith('CSPACE_CPUS="many": ');
  expect(found.fix).toContain('CSPACE_NETWORK');
});

test('loadConfig: what only the daemon reads is refused as a variable, not ignored', async () => {
  const { lines } = await mistakes({ env: { CSPACE_BRIDGE: 'b', CSPACE_IDLE_SECONDS: '3' } });
  expect(lines).toEqual([
    '"CSPACE_BRIDGE" is not a variable of cspace: set "bridge" in config.json',
    '"CSPACE_IDLE_SECONDS" is not a variable of cspace: set "idleSeconds" in config.json',
  ]);
});

test('loadConfig: a bad flag is a mistake of usage, by its name', async () => {
  const found = await mistakes({ flags: { network: 'host', pids: 'x' } });
  expect(found.code).toBe('usage');
  expect(found.lines.map((line) => line.split('=')[0])).toEqual(['--network', '--pids']);
});

test('loadConfig: a link, a pipe or a folder in place of a file is a mistake, and nothing waits for it', async () => {
  for (const make of [
    (path: string) => symlinkSync('/dev/null', path),
    (path: string) => void Bun.spawnSync(['mkfifo', path]),
    (path: string) => mkdirSync(path),
  ]) {
    const folder = temp();
    make(join(folder, 'config.json'));
    await expect(loadConfig({ home: folder })).rejects.toThrow('has a mistake');
  }
});
