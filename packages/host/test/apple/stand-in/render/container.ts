import { getFullName } from '../containers/capabilities.ts';
import type { Container, ContainerRecord, MountRecord } from '../containers/record.ts';
import type { Attachment } from '../network/attach.ts';
import { isSince, type Version } from '../versions.ts';
import { getIsoTime, getReferenceTime } from './time.ts';

/** A machine in the shape of the version. Pure. */
export function getContainerJson(container: Container, version: Version): object {
  const { record, startedDate } = container;
  const networks = container.networks.map((network) => getAttachmentJson(network, record.id));
  const configuration = getConfiguration(record, version);
  if (isSince(version, '1.0.0')) {
    const started = startedDate === undefined ? undefined : getIsoTime(startedDate);
    return {
      id: record.id,
      configuration,
      status: { state: container.state, networks, startedDate: started },
    };
  }
  return {
    configuration,
    networks,
    status: container.state,
    startedDate: startedDate === undefined ? undefined : getReferenceTime(startedDate),
  };
}

function getAttachmentJson({ network, address, gateway, mac, mtu }: Attachment, hostname: string): object {
  return { network, hostname, ipv4Address: `${address}/24`, ipv4Gateway: gateway, macAddress: mac, mtu };
}

function getConfiguration(record: ContainerRecord, version: Version): object {
  const isNew = isSince(version, '1.0.0');
  const { digest, size, reference } = record.image;
  return {
    id: record.id,
    ...(isNew ? { creationDate: getIsoTime(record.creationDate) } : {}),
    capAdd: record.capAdd.map(getFullName),
    capDrop: record.capDrop.map(getFullName),
    dns: record.dns,
    image: {
      reference,
      descriptor: { digest, mediaType: 'application/vnd.oci.image.index.v1+json', size },
    },
    initProcess: getProcess(record),
    labels: record.labels,
    mounts: record.mounts.map(getMount),
    networks: record.networks.map(({ network, mac, mtu }) => ({
      network,
      options: { hostname: record.id, macAddress: mac, mtu },
    })),
    platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
    publishedPorts: record.publishedPorts.map(getPort),
    publishedSockets: [],
    readOnly: record.readOnly,
    readonlyPaths: record.readonlyPaths,
    resources: { cpuOverhead: isNew ? 1 : undefined, cpus: record.cpus, memoryInBytes: record.memoryBytes },
    rosetta: false,
    runtimeHandler: 'container-runtime-linux',
    shmSize: record.shmSize,
    ssh: record.ssh,
    stopSignal: record.stopSignal,
    sysctls: {},
    useInit: record.useInit,
    virtualization: false,
  };
}

function getProcess(record: ContainerRecord): object {
  const numbers = /^(\d+)(?::(\d+))?$/.exec(record.user);
  const [, uid, gid = '0'] = numbers ?? [];
  return {
    executable: record.executable,
    arguments: record.arguments,
    environment: record.environment,
    workingDirectory: record.workingDirectory,
    terminal: record.terminal,
    rlimits: record.ulimits.map((limit) => {
      const [name = '', values = ''] = limit.split('=');
      const [soft = '', hard = soft] = values.split(':');
      return { limit: `RLIMIT_${name.toUpperCase()}`, soft: Number(soft), hard: Number(hard) };
    }),
    supplementalGroups: [],
    user: numbers ? { id: { uid: Number(uid), gid: Number(gid) } } : { raw: { userString: record.user } },
  };
}

const VOLUMES = '/Users/me/Library/Application Support/com.apple.container/volumes';

function getMount({ kind, source, target, options }: MountRecord): object {
  if (kind !== 'volume') return { destination: target, options, source, type: { [kind]: {} } };
  const volume = { name: source, format: 'ext4', cache: { on: {} }, sync: { fsync: {} } };
  return { destination: target, options, source: `${VOLUMES}/${source}/volume.img`, type: { volume } };
}

/** `[host-ip:]host:container[/proto]`. */
function getPort(spec: string): object {
  const [ports = '', proto = 'tcp'] = spec.split('/');
  const [containerPort, hostPort, hostAddress = '0.0.0.0'] = ports.split(':').reverse();
  return { containerPort: Number(containerPort), hostPort: Number(hostPort), hostAddress, proto, count: 1 };
}
