import { describe, expect, test } from 'bun:test';
import { orderExecArgv } from './exec-argv.ts';

describe('orderExecArgv', () => {
  test.each([
    ['exec m --json -- ls', 'exec --json m -- ls'],
    ['exec -i m -t -- ls -la', 'exec -i -t m -- ls -la'],
    ['exec m -w /tmp -- ls', 'exec -w /tmp m -- ls'],
    ['exec m -- ls -- x', 'exec m -- ls -- x'],
    ['exec m ls -la', 'exec m ls -la'],
    ['exec m git -- x', 'exec m git -- x'],
    ['send m --follow -- -x', 'send m --follow -- -x'],
    ['exec -- ls', 'exec -- ls'],
  ])('%s is read as %s', (given, expected) => {
    expect(orderExecArgv(given.split(' '))).toEqual(expected.split(' '));
  });
});
