import { readFileSync } from 'node:fs';
import { getFlag, hasFlag } from '../cli/flags.ts';
import { type Container, findContainer, listContainers } from '../containers/record.ts';
import { Failure } from '../failure.ts';
import { print } from '../output.ts';
import { formatJson } from '../render/json.ts';
import { formatTable } from '../render/list.ts';
import type { Handler } from './context.ts';
import { getMissing } from './lifecycle.ts';

/** One look; without `--no-stream` it would go on for ever, on a terminal. */
export const stats: Handler = async (context) => {
  const { world, request } = context;
  if (!hasFlag(request, '--no-stream')) throw new Failure('unsupported', 'the stand-in does not stream');
  const chosen =
    request.arguments.length === 0
      ? listContainers(world)
      : request.arguments.map((id) => {
          const found = findContainer(world, id);
          if (!found) throw getMissing(context, 'get', id);
          return found;
        });
  const all = chosen.filter(({ pid }) => pid !== undefined).map(getStats);
  if (getFlag(request, '--format') === 'json') print(formatJson(all, { pretty: false }));
  else print(formatTable([['Container ID', 'Pids'], ...all.map((one) => [one.id, `${one.numProcesses}`])]));
  return 0;
};

/** As the machine's control groups count it, of either version. */
function getStats({ record, pid }: Container) {
  const groups = pid === undefined ? '' : readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  return {
    id: record.id,
    memoryUsageBytes: readMemory(groups),
    memoryLimitBytes: record.memoryBytes,
    cpuUsageUsec: readCpu(groups),
    networkRxBytes: 0,
    networkTxBytes: 0,
    blockReadBytes: 0,
    blockWriteBytes: 0,
    numProcesses: readPids(groups),
  };
}

const CGROUPS = '/sys/fs/cgroup';

/** The folder of a v1 controller; undefined where that is not mounted. */
function findFolder(groups: string, controller: string): string | undefined {
  const found = new RegExp(`^\\d+:(\\S*\\b${controller}\\b\\S*):(.+)$`, 'm').exec(groups);
  return found ? `${CGROUPS}/${found[1]}${found[2]}` : undefined;
}

const getUnified = (groups: string): string => `${CGROUPS}${/^0::(.+)$/m.exec(groups)?.[1]}`;

function readCpu(groups: string): number {
  const old = findFolder(groups, 'cpuacct');
  if (old !== undefined) return Math.round(Number(readFileSync(`${old}/cpuacct.usage`, 'utf8')) / 1000);
  const stat = readFileSync(`${getUnified(groups)}/cpu.stat`, 'utf8');
  return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]);
}

function readMemory(groups: string): number {
  const old = findFolder(groups, 'memory');
  const file = old === undefined ? `${getUnified(groups)}/memory.current` : `${old}/memory.usage_in_bytes`;
  return Number(readFileSync(file, 'utf8'));
}

function readPids(groups: string): number {
  return Number(readFileSync(`${findFolder(groups, 'pids') ?? getUnified(groups)}/pids.current`, 'utf8'));
}
