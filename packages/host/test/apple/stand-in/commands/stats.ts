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

/** Of the guest's first process, which is enough for a shape. */
function getStats({ record, pid }: Container) {
  const status = pid === undefined ? '' : readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return {
    id: record.id,
    memoryUsageBytes: kib * 1024,
    memoryLimitBytes: record.memoryBytes,
    cpuUsageUsec: 0,
    networkRxBytes: 0,
    networkTxBytes: 0,
    blockReadBytes: 0,
    blockWriteBytes: 0,
    numProcesses: 1,
  };
}
