import type { Container, ContainerRecord } from './containers/record.ts';
import type { Knobs } from './knobs.ts';
import { DEFAULT_MTU } from './network/attach.ts';
import { getMac } from './network/names.ts';
import { getPaths, readJson, type World } from './state.ts';

const IMAGE = { digest: `sha256:${'ab'.repeat(32)}`, size: 856, engineId: '' };

/** The builder's machine, while there is one. */
export function getBuilders(world: World): Container[] {
  const builder = readJson(getPaths(world).builder) as { running: boolean } | undefined;
  return builder ? [getBuilder(builder.running)] : [];
}

/** Machines that nobody of ours has made: the builder's, and with a knob those of other people. */
export function getStrangers(world: World, { foreign }: Knobs): Container[] {
  const builders = getBuilders(world);
  if (!foreign) return builders;
  const other = {
    'dev.cspace.home': 'ffffffffffff',
    'dev.cspace.project': 'contract',
    'dev.cspace.sandbox': 'venus',
  };
  // A name like ours, and labels like ours but for the home.
  return [
    ...(builders.length > 0 ? builders : [getBuilder(true)]),
    getStranger('cspace-contract--mercury-2', {}, 'running'),
    getStranger('somebodys-web', { labels: { 'com.example.stack': 'web' } }, 'running'),
    getStranger('other-home', { labels: other }, 'stopped'),
  ];
}

function getBuilder(running: boolean): Container {
  const labels = { 'com.apple.container.resource.role': 'builder' };
  return getStranger(
    'buildkit',
    { labels, cpus: 2, memoryBytes: 2 * 1024 ** 3 },
    running ? 'running' : 'stopped',
  );
}

function getStranger(id: string, change: Partial<ContainerRecord>, state: 'running' | 'stopped'): Container {
  const date = '2026-08-17T10:00:00Z';
  const attachment = {
    network: 'default',
    address: '192.168.65.2',
    gateway: '192.168.65.1',
    mac: getMac(id),
    mtu: DEFAULT_MTU,
  };
  const record: ContainerRecord = {
    id,
    creationDate: date,
    image: { reference: 'docker.io/library/alpine:latest', ...IMAGE },
    executable: '/bin/sh',
    arguments: ['-c', 'sleep 1d'],
    environment: ['PATH=/usr/bin:/bin'],
    workingDirectory: '/',
    user: '0:0',
    interactive: false,
    terminal: false,
    ulimits: [],
    labels: {},
    mounts: [],
    networks: [{ network: 'default', mtu: DEFAULT_MTU }],
    cpus: 4,
    memoryBytes: 1024 ** 3,
    capAdd: [],
    capDrop: [],
    publishedPorts: [],
    readOnly: false,
    ssh: false,
    useInit: false,
    autoRemove: false,
    ...change,
  };
  const running = state === 'running';
  return {
    record,
    state,
    startedDate: running ? date : undefined,
    networks: running ? [attachment] : [],
    pid: undefined,
  };
}
