import { build } from './commands/build.ts';
import * as builder from './commands/builder.ts';
import type { Handler } from './commands/context.ts';
import { copy, exportDisk } from './commands/copy.ts';
import { exec } from './commands/exec.ts';
import * as image from './commands/image.ts';
import { inspect, list } from './commands/inspect.ts';
import { kill, prune, remove, start, stop } from './commands/lifecycle.ts';
import { logs } from './commands/logs.ts';
import * as network from './commands/network.ts';
import { create, run } from './commands/run.ts';
import { stats } from './commands/stats.ts';
import * as system from './commands/system.ts';
import * as volume from './commands/volume.ts';

/** What each command does; one that is in the table and not here is understood, and not done. */
export const HANDLERS: Readonly<Record<string, Handler>> = {
  run,
  create,
  start,
  stop,
  kill,
  delete: remove,
  prune,
  exec,
  logs,
  inspect,
  list,
  copy,
  export: exportDisk,
  stats,
  build,
  'builder start': builder.start,
  'builder stop': builder.stop,
  'builder delete': builder.remove,
  'builder status': builder.status,
  'volume create': volume.create,
  'volume inspect': volume.inspect,
  'volume list': volume.list,
  'volume delete': volume.remove,
  'volume prune': volume.prune,
  'image inspect': image.inspect,
  'image list': image.list,
  'image delete': image.remove,
  'image tag': image.tag,
  'image pull': image.pull,
  'image prune': image.prune,
  'network inspect': network.inspect,
  'network list': network.list,
  'network create': network.create,
  'network delete': network.remove,
  'network prune': network.prune,
  'system status': system.status,
  'system version': system.version,
  'system start': system.start,
  'system stop': system.stop,
  'system logs': system.logs,
  'system df': system.df,
};
