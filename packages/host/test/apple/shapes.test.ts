import { expect, test } from 'bun:test';
import type { Container, ContainerRecord } from './stand-in/containers/record.ts';
import { getContainerJson } from './stand-in/render/container.ts';
import { getImageJson } from './stand-in/render/image.ts';
import { formatJson } from './stand-in/render/json.ts';
import { getNetworkJson } from './stand-in/render/network.ts';
import { getVolumeJson } from './stand-in/render/volume.ts';
import { VERSIONS } from './stand-in/versions.ts';

const DIGEST = `sha256:${'1'.repeat(64)}`;

/** The machine of the contract's example. */
const RECORD: ContainerRecord = {
  id: 'proj-mercury',
  creationDate: '2026-08-17T10:00:00.123Z',
  image: { reference: 'docker.io/library/alpine:latest', digest: DIGEST, size: 856, engineId: 'x' },
  executable: '/bin/sh',
  arguments: ['-c', 'sleep 1d'],
  environment: ['PATH=/bin', 'K=V'],
  workingDirectory: '/',
  user: '0:0',
  interactive: false,
  terminal: false,
  ulimits: [],
  labels: { k: 'v' },
  mounts: [
    { kind: 'virtiofs', source: '/Users/me/x', target: '/workspace', options: [] },
    { kind: 'tmpfs', source: 'tmpfs', target: '/tmp', options: ['size=1024'] },
    { kind: 'volume', source: 'v', target: '/data', options: [] },
  ],
  networks: [{ network: 'default', mtu: 1280 }],
  cpus: 4,
  memoryBytes: 1_073_741_824,
  capAdd: ['net_admin'],
  capDrop: [],
  dns: { nameservers: ['1.1.1.1'], options: [], searchDomains: [] },
  publishedPorts: ['8080:80'],
  readOnly: false,
  ssh: false,
  useInit: false,
  autoRemove: false,
};

const RUNNING: Container = {
  record: RECORD,
  state: 'running',
  startedDate: '2026-08-17T10:00:02.400Z',
  pid: 7,
  networks: [
    {
      network: 'default',
      address: '192.168.64.3',
      gateway: '192.168.64.1',
      mac: 'aa:bb:cc:dd:ee:ff',
      mtu: 1280,
    },
  ],
};
const STOPPED: Container = { ...RUNNING, state: 'stopped', pid: undefined, networks: [] };

const VOLUME_IMAGE = String.raw`\/Users\/me\/Library\/Application Support\/com.apple.container\/volumes\/v\/volume.img`;
/** The contract's text, on one line as \`ls\` has it. */
const EXPECTED = String.raw`[{"configuration":{"capAdd":["CAP_NET_ADMIN"],"capDrop":[],"creationDate":"2026-08-17T10:00:00Z",
"dns":{"nameservers":["1.1.1.1"],"options":[],"searchDomains":[]},"id":"proj-mercury",
"image":{"descriptor":{"digest":"${DIGEST}","mediaType":"application\/vnd.oci.image.index.v1+json","size":856},
"reference":"docker.io\/library\/alpine:latest"},
"initProcess":{"arguments":["-c","sleep 1d"],"environment":["PATH=\/bin","K=V"],"executable":"\/bin\/sh",
"rlimits":[],"supplementalGroups":[],"terminal":false,"user":{"id":{"gid":0,"uid":0}},"workingDirectory":"\/"},
"labels":{"k":"v"},
"mounts":[{"destination":"\/workspace","options":[],"source":"\/Users\/me\/x","type":{"virtiofs":{}}},
{"destination":"\/tmp","options":["size=1024"],"source":"tmpfs","type":{"tmpfs":{}}},
{"destination":"\/data","options":[],"source":"${VOLUME_IMAGE}",
"type":{"volume":{"cache":{"on":{}},"format":"ext4","name":"v","sync":{"fsync":{}}}}}],
"networks":[{"network":"default","options":{"hostname":"proj-mercury","mtu":1280}}],
"platform":{"architecture":"arm64","os":"linux","variant":"v8"},
"publishedPorts":[{"containerPort":80,"count":1,"hostAddress":"0.0.0.0","hostPort":8080,"proto":"tcp"}],
"publishedSockets":[],"readOnly":false,
"resources":{"cpuOverhead":1,"cpus":4,"memoryInBytes":1073741824},
"rosetta":false,"runtimeHandler":"container-runtime-linux","ssh":false,"sysctls":{},"useInit":false,
"virtualization":false},
"id":"proj-mercury",
"status":{"networks":[{"hostname":"proj-mercury","ipv4Address":"192.168.64.3\/24","ipv4Gateway":"192.168.64.1",
"macAddress":"aa:bb:cc:dd:ee:ff","mtu":1280,"network":"default"}],
"startedDate":"2026-08-17T10:00:02Z","state":"running"}}]`;

const compact = (value: unknown) => formatJson(value, { pretty: false });
const ofMajor1 = VERSIONS.filter((version) => version !== '0.12.3');

for (const version of ofMajor1)
  test(`getContainerJson ${version}: the contract's example, letter by letter`, () => {
    expect(compact([getContainerJson(RUNNING, version)])).toBe(EXPECTED.replaceAll('\n', ''));
  });

test('getContainerJson 0.12.3: flat, the state a word, the start a number', () => {
  const json = JSON.parse(compact(getContainerJson(RUNNING, '0.12.3')));
  expect(Object.keys(json)).toEqual(['configuration', 'networks', 'startedDate', 'status']);
  expect(json).toMatchObject({
    status: 'running',
    startedDate: 808_653_602.4,
    configuration: { id: 'proj-mercury' },
    networks: [{ ipv4Address: '192.168.64.3/24', ipv4Gateway: '192.168.64.1', network: 'default' }],
  });
});

test('getContainerJson: a stopped one has no networks, one that never ran no start', () => {
  const { status } = JSON.parse(compact(getContainerJson({ ...STOPPED, startedDate: undefined }, '1.2.2')));
  expect(status).toEqual({ networks: [], state: 'stopped' });
});

test('getContainerJson: a user by name is a raw one; what is not there has no key', () => {
  const { dns: _, ...record } = { ...RECORD, user: 'dev' };
  const { configuration } = JSON.parse(compact(getContainerJson({ ...RUNNING, record }, '1.2.2')));
  expect(configuration.initProcess.user).toEqual({ raw: { userString: 'dev' } });
  for (const key of ['dns', 'shmSize', 'stopSignal', 'readonlyPaths'])
    expect(configuration).not.toHaveProperty(key);
});

test('formatJson pretty: sorted, a blank before the colon, empty ones on two lines', () => {
  expect(formatJson([{ b: '/', a: [], c: undefined }], { pretty: true })).toBe(
    '[\n  {\n    "a" : [\n\n    ],\n    "b" : "\\/"\n  }\n]',
  );
});

const NETWORK = {
  name: 'default',
  mode: 'nat',
  index: 0,
  creationDate: '2026-08-17T10:00:00Z',
  labels: {},
} as const;
test('getNetworkJson: both shapes', () => {
  expect(getNetworkJson(NETWORK, '1.2.2')).toEqual({
    id: 'default',
    configuration: {
      name: 'default',
      creationDate: '2026-08-17T10:00:00Z',
      mode: 'nat',
      labels: {},
      plugin: 'container-network-vmnet',
      options: {},
    },
    status: { ipv4Subnet: '192.168.65.0/24', ipv4Gateway: '192.168.65.1' },
  });
  expect(getNetworkJson(NETWORK, '0.12.3')).toMatchObject({
    id: 'default',
    state: 'running',
    config: { mode: 'nat' },
    status: { ipv4Gateway: '192.168.65.1' },
  });
});

const VOLUME = { name: 'v', creationDate: '2026-08-17T10:00:00Z', labels: {}, options: {}, sizeInBytes: 5 };
test('getVolumeJson: both shapes', () => {
  const shared = { name: 'v', driver: 'local', format: 'ext4', labels: {}, options: {}, sizeInBytes: 5 };
  expect(getVolumeJson(VOLUME, '1.0.0')).toMatchObject({ id: 'v', configuration: shared });
  expect(getVolumeJson(VOLUME, '0.12.3')).toMatchObject({ ...shared, createdAt: 808_653_600 });
});

const IMAGE = {
  Id: 'x',
  Digest: DIGEST,
  Size: 9,
  Created: '2026-08-17T10:00:00.5Z',
  RepoTags: ['localhost/x:1'],
  RootFS: { Type: 'layers', Layers: ['sha256:2'] },
  History: [],
  Config: { User: 'dev', Env: ['A=B'], Cmd: ['x'], WorkingDir: '/w', Labels: { l: 'm' } },
};
test('getImageJson: the labels of the arm64 variant, beside an attestation', () => {
  const json = JSON.parse(compact(getImageJson('localhost/x:1', IMAGE, '1.2.2')));
  expect(json).toMatchObject({
    id: '1'.repeat(64),
    configuration: { name: 'localhost/x:1', creationDate: '2026-08-17T10:00:00Z', descriptor: { size: 9 } },
  });
  const kinds = json.variants.map((one: { platform: { architecture: string } }) => one.platform.architecture);
  expect(kinds).toEqual(['unknown', 'arm64']);
  expect(json.variants[1]).toMatchObject({
    digest: DIGEST,
    config: { os: 'linux', config: { User: 'dev', WorkingDir: '/w', Labels: { l: 'm' } } },
  });
  expect(getImageJson('x', IMAGE, '0.12.3')).toMatchObject({
    name: 'docker.io/library/x:latest',
    index: { size: 9 },
  });
});
