import { getFlag, getFlags, getNumber, hasFlag } from '../cli/flags.ts';
import type { Request } from '../cli/parse-argv.ts';
import { Failure } from '../failure.ts';
import { type EngineImage, getFullReference } from '../images/find.ts';
import { DEFAULT_MTU } from '../network/attach.ts';
import { isSince, type Version } from '../versions.ts';
import { getEnvironment } from './environment.ts';
import { parseMount, parseTmpfs, parseVolume } from './mounts.ts';
import type { ContainerRecord } from './record.ts';
import { parseMemory, parseSize } from './sizes.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const DEFAULT_CPUS = 4;

/** The name that was given, or a new one. */
export function getId(request: Request, version: Version): string {
  const name = getFlag(request, '--name') ?? crypto.randomUUID();
  const most = isSince(version, '1.2.0') ? 63 : 64;
  if (NAME.test(name) && name.length <= most) return name;
  throw new Failure('invalidArgument', `${name} is not a valid container ID`);
}

/** What `run` and `create` ask for; reads env files and looks at the mounts' sources, and changes nothing. */
export function makeRecord(request: Request, image: EngineImage, version: Version): ContainerRecord {
  const { Config } = image;
  const entrypoint = getFlag(request, '--entrypoint');
  const command = [
    ...(entrypoint === undefined ? (Config.Entrypoint ?? []) : [entrypoint]),
    ...(request.rest.length > 0 || entrypoint !== undefined ? request.rest : (Config.Cmd ?? [])),
  ];
  const [executable, ...others] = command;
  if (executable === undefined) throw new Failure('invalidArgument', 'no command specified');
  const shmSize = getFlag(request, '--shm-size');
  const dns = getDns(request);
  const readonlyPaths = request.flags.get('--read-only-path');
  return {
    id: getId(request, version),
    creationDate: new Date().toISOString(),
    image: {
      reference: getFullReference(request.arguments[0] ?? ''),
      digest: image.Digest,
      size: image.Size,
      engineId: image.Id,
    },
    executable,
    arguments: others,
    environment: getEnvironment({
      image: Config.Env ?? [],
      files: getFlags(request, '--env-file'),
      entries: getFlags(request, '--env'),
    }),
    workingDirectory: getFlag(request, '--workdir') ?? (Config.WorkingDir || '/'),
    user: getUser(request) ?? (Config.User || '0:0'),
    interactive: hasFlag(request, '--interactive'),
    terminal: hasFlag(request, '--tty'),
    ulimits: getFlags(request, '--ulimit').map(assertUlimit),
    labels: getPairs(getFlags(request, '--label')),
    mounts: [
      ...getFlags(request, '--volume').map(parseVolume),
      ...getFlags(request, '--mount').map(parseMount),
      ...getFlags(request, '--tmpfs').map(parseTmpfs),
    ],
    networks: getNetworks(getFlags(request, '--network')),
    cpus: getNumber(request, '--cpus') ?? DEFAULT_CPUS,
    memoryBytes: parseMemory(getFlag(request, '--memory') ?? '1g'),
    capAdd: getFlags(request, '--cap-add'),
    capDrop: getFlags(request, '--cap-drop'),
    ...(dns && { dns }),
    publishedPorts: getFlags(request, '--publish'),
    readOnly: hasFlag(request, '--read-only'),
    ...(readonlyPaths && { readonlyPaths }),
    ...(shmSize === undefined ? {} : { shmSize: parseSize(shmSize) }),
    ssh: hasFlag(request, '--ssh'),
    ...(Config.StopSignal && { stopSignal: Config.StopSignal }),
    useInit: hasFlag(request, '--init'),
    autoRemove: hasFlag(request, '--rm'),
  };
}

export function getUser(request: Request): string | undefined {
  const user = getFlag(request, '--user');
  const [uid, gid] = [getFlag(request, '--uid'), getFlag(request, '--gid')];
  return user ?? (uid === undefined && gid === undefined ? undefined : `${uid ?? 0}:${gid ?? uid ?? 0}`);
}

function getDns(request: Request): ContainerRecord['dns'] {
  if (hasFlag(request, '--no-dns')) return undefined;
  const domain = getFlag(request, '--dns-domain');
  return {
    nameservers: [...getFlags(request, '--dns')],
    options: [...getFlags(request, '--dns-option')],
    searchDomains: [...getFlags(request, '--dns-search')],
    ...(domain === undefined ? {} : { domain }),
  };
}

/** `key=value`; without a value it is empty. */
export function getPairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [key = '', ...value] = text.split('=');
      if (key === '') throw new Failure('invalidArgument', `invalid label format: ${text}`);
      return [key, value.join('=')];
    }),
  );
}

function assertUlimit(text: string): string {
  if (/^[a-z]+=(\d+|unlimited)(:(\d+|unlimited))?$/.test(text)) return text;
  throw new Failure('invalidArgument', `invalid ulimit: ${text}`);
}

/** `name[,mac=…][,mtu=…]`; `default` where none is given. */
function getNetworks(texts: readonly string[]): ContainerRecord['networks'] {
  return (texts.length > 0 ? texts : ['default']).map((text) => {
    const [network = '', ...properties] = text.split(',');
    const given = getPairs(properties);
    const odd = Object.keys(given).find((key) => key !== 'mac' && key !== 'mtu');
    if (odd !== undefined) throw new Failure('invalidArgument', `unknown network property '${odd}'`);
    return {
      network,
      ...(given.mac === undefined ? {} : { mac: given.mac }),
      mtu: given.mtu === undefined ? DEFAULT_MTU : Number(given.mtu),
    };
  });
}
