import { describe, expect, test } from 'bun:test';
import { parseUp } from './spans.ts';

const span = (name: string, startMs: number, durationMs: number) =>
  JSON.stringify({ type: 'span', span: name, startMs, durationMs });
const up = (...spans: string[]) =>
  ['{"type":"progress","step":"clone","message":"x"}', ...spans, '{"type":"up"}'].join('\n');

describe('parseUp', () => {
  test.each([
    ['start', false],
    ['restore', true],
  ])('from create to the end of %s, and of the supervisor', (name, restored) => {
    const text = up(
      span('clone', 0, 90),
      span('create', 100, 20),
      span(name, 125, 50),
      span('supervisor', 175, 30),
    );
    expect(parseUp(text)).toEqual({ restored, machineMs: 75, healthyMs: 105 });
  });

  test('a part that is missing is no time of nothing', () => {
    expect(() => parseUp(up(span('create', 100, 20), span('start', 125, 50)))).toThrow('supervisor');
  });
});
