import { expect, test } from 'bun:test';
import { parseKernelLog } from './out-of-memory.ts';

const ID = 'ab'.repeat(32);
const AT = '2026-11-24T01:48:49,123456+00:00';
const line = (time: string, group: string) =>
  `${time} oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=${group},task_memcg=${group},task=tail,pid=1,uid=0`;
const find = (text: string, finishedAt = '2026-11-24T01:48:50Z') => [
  ...parseKernelLog(text, [{ id: ID, finishedAtMs: Date.parse(finishedAt) }]),
];

test('parseKernelLog finds the machine whose group ran out of memory as it ended', () => {
  expect(find(`noise\n${line(AT, `/libpod_parent/libpod-${ID}`)}\n`)).toEqual([ID]);
  expect(find(line(AT, `/machine.slice/libpod-${ID}.scope/container`))).toEqual([ID]);
});
test('parseKernelLog: another group, another time, another line', () => {
  expect(find(line(AT, `/libpod_parent/libpod-${'cd'.repeat(32)}`))).toEqual([]);
  expect(find(line(AT, `/libpod_parent/libpod-${ID}`), '2026-11-24T02:48:50Z')).toEqual([]);
  expect(find(`${AT} tail invoked oom-killer ${ID}`)).toEqual([]);
  expect(find('')).toEqual([]);
});
