import { expect, test } from 'bun:test';
import { formatCounts, getUnreported, parseJunit, sumOutcomes } from './junit.ts';

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" failures="1" skipped="2">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testcase name="ok" classname="d &lt;x&gt;" file="a.test.ts" line="3" />
    <testcase name="bad" classname="" file="b.test.ts" line="4">
      <failure type="AssertionError" message="no">1 &lt; 0&#10;at b.test.ts:4</failure>
    </testcase>
    <testcase name="slow" classname="d" file="b.test.ts"><failure type="TimeoutError" message="timed out" /></testcase>
    <testcase name="skip &quot;q&quot;" classname="" file="a.test.ts"><skipped /></testcase>
    <testcase name="later" classname="" file="a.test.ts">
      <skipped message="TODO" />
    </testcase>
  </testsuite>
</testsuites>`;

test('parseJunit counts each test case once', () => {
  expect(parseJunit(XML)).toEqual({
    passed: 1,
    failed: 2,
    skipped: ['skip "q"', 'later'],
    failures: [
      { name: 'bad', why: '1 < 0\nat b.test.ts:4' },
      { name: 'd > slow', why: 'timed out' },
    ],
    files: ['a.test.ts', 'b.test.ts'],
  });
});

test('parseJunit of a report cut off in the middle counts what is whole', () => {
  expect(parseJunit(XML.slice(0, XML.indexOf('<failure')))).toMatchObject({ passed: 1, failed: 0 });
});

test('getUnreported names the files that ran nothing', () => {
  expect(getUnreported(['a.test.ts', 'c.test.ts'], parseJunit(XML))).toEqual(['c.test.ts']);
});

test('formatCounts leaves skipped out where there is none', () => {
  const one = parseJunit(XML);
  expect(formatCounts(sumOutcomes([one, one]))).toBe('2 passed, 4 failed, 4 skipped');
  expect(formatCounts({ ...one, skipped: [] })).toBe('1 passed, 2 failed');
});
