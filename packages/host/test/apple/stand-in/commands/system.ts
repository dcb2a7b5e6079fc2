import { getFlag, hasFlag } from '../cli/flags.ts';
import { listContainers } from '../containers/record.ts';
import { stopContainer } from '../containers/stop.ts';
import { Failure } from '../failure.ts';
import { print } from '../output.ts';
import { formatJson } from '../render/json.ts';
import { formatTable } from '../render/list.ts';
import { getPaths, writeJson } from '../state.ts';
import type { Version } from '../versions.ts';
import type { Context, Handler } from './context.ts';

const COMMIT = 'abcdefg';

export const getVersionLine = (version: Version): string =>
  `container CLI version ${version} (build: release, commit: ${COMMIT})`;

const SAYS = {
  running: 'apiserver is running',
  'not running': 'apiserver is not running',
  unregistered: 'apiserver is not running and not registered with launchd',
};

export const status: Handler = async ({ request, version, knobs }) => {
  const { apiserver = 'running' } = knobs;
  const up = apiserver === 'running';
  const fields = {
    status: apiserver,
    appRoot: up ? '/Users/me/Library/Application Support/com.apple.container/' : '',
    installRoot: up ? '/usr/local/' : '',
    apiServerVersion: up ? `container-apiserver version ${version} (build: release, commit: ${COMMIT})` : '',
    apiServerCommit: up ? `${COMMIT}0000` : '',
    apiServerBuild: up ? 'release' : '',
    apiServerAppName: up ? 'container-apiserver' : '',
  };
  if (getFlag(request, '--format') === 'json') print(formatJson(fields, { pretty: false }));
  else if (!up) print(SAYS[apiserver]);
  else print(formatTable([['FIELD', 'VALUE'], ...Object.entries(fields)]));
  return up ? 0 : 1;
};

export const version: Handler = async ({ request, version: own, knobs }) => {
  const { apiserver = 'running' } = knobs;
  const cli = { appName: 'container', buildType: 'release', commit: COMMIT, version: own };
  const sentence = `container-apiserver version ${own} (build: release, commit: ${COMMIT})`;
  const server = { ...cli, appName: 'container-apiserver', version: sentence };
  const all = apiserver === 'running' ? [cli, server] : [cli];
  if (getFlag(request, '--format') === 'json') print(formatJson(all, { pretty: false }));
  else print(formatTable([['COMPONENT', 'VERSION'], ...all.map((one) => [one.appName, one.version])]));
  return 0;
};

export const start: Handler = async (context) => {
  const { request, knobs } = context;
  if (knobs.kernel === 'missing' && !hasFlag(request, '--enable-kernel-install')) {
    if (hasFlag(request, '--disable-kernel-install')) {
      setApiserver(context, 'running');
      return 0;
    }
    print('No default kernel configured.');
    throw new Failure('internalError', 'failed to read user input');
  }
  setApiserver(context, 'running');
  return 0;
};

/** All machines end with it. */
export const stop: Handler = async (context) => {
  const { world } = context;
  for (const container of listContainers(world))
    await stopContainer({ world, container, signal: undefined, graceMs: 5000 });
  setApiserver(context, 'unregistered');
  return 0;
};

function setApiserver({ world, knobs }: Context, apiserver: 'running' | 'unregistered'): void {
  writeJson(getPaths(world).knobs, { ...knobs, apiserver });
}

export const logs: Handler = async () => 0;

export const df: Handler = async () => {
  print(formatTable([['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE']]));
  return 0;
};
