import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getGuestSysctls } from './guest-sysctls.ts';

test('getGuestSysctls: those that the kernel knows, none for the relay', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sysctls-'));
  try {
    expect(getGuestSysctls({ folder })).toEqual({});
    mkdirSync(join(folder, 'net/ipv4/conf/all'), { recursive: true });
    writeFileSync(join(folder, 'net/ipv4/conf/all/route_localnet'), '0');
    expect(getGuestSysctls({ folder })).toEqual({ 'net.ipv4.conf.all.route_localnet': '1' });
    expect(getGuestSysctls({ folder, forwarding: 'relay' })).toEqual({});
  } finally {
    rmSync(folder, { recursive: true });
  }
});
