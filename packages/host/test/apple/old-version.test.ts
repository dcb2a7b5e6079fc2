import { expect, test } from 'bun:test';
import { getOutcome, useStandIn } from './fixture.ts';

const standIn = useStandIn('0.12.3');
const call = (line: string) => standIn().container(line.split(' '));

test('--version: 0.12.3 says so', async () => {
  expect((await call('--version')).stdout).toStartWith('container CLI version 0.12.3 ');
});

test('inspect: what is missing for 0.12.3 is an empty list, and no failure', async () => {
  for (const line of ['inspect x', 'network inspect x'])
    expect(await call(line)).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
});

test('list: for 0.12.3 networks, volumes and machines in flat shapes', async () => {
  standIn().setKnobs({ foreign: true });
  const [network] = JSON.parse((await call('network ls --format json')).stdout);
  expect(network).toMatchObject({ id: 'default', state: 'running', status: { ipv4Gateway: '192.168.65.1' } });
  const [builder] = JSON.parse((await call('ls --format json')).stdout);
  expect(builder).toMatchObject({
    status: 'running',
    startedDate: expect.any(Number),
    networks: [{ ipv4Gateway: '192.168.65.1' }],
    configuration: { id: 'buildkit' },
  });
  await call('volume create v');
  const [volume] = JSON.parse((await call('volume ls --format json')).stdout);
  expect(volume).toMatchObject({ name: 'v', createdAt: expect.any(Number) });
});

test('run: for 0.12.3 no copy; names of 64 characters', async () => {
  expect((await call('copy a b:/')).code).toBe(64);
  const name = (length: number) => `run --name ${'a'.repeat(length)} localhost/no-such:1`;
  expect(getOutcome(await call(name(65)))[1]).toContain('is not a valid container ID');
  standIn().setKnobs({ apiserver: 'not running' });
  expect(getOutcome(await call(name(64)))[1]).toContain('XPC');
});

test('list: for 0.12.3 noise stands among the data', async () => {
  standIn().setKnobs({ noise: true });
  expect((await call('ls --format json')).stdout).toStartWith('Warning');
});
