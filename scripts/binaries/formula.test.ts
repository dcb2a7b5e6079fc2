import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { testUnless } from '../../packages/host/test/support/test-unless.ts';
import { render } from './render.ts';

const SUMS = { 'linux-x64': 'a'.repeat(64), 'linux-arm64': 'b'.repeat(64), 'darwin-arm64': 'c'.repeat(64) };
const RELEASE = {
  version: '0.1.0',
  releases: 'https://example.org/cspace/releases',
  homepage: 'https://example.org/cspace',
  sums: SUMS,
};
const template = readFileSync(resolve(import.meta.dir, '../../packaging/homebrew/cspace.rb'), 'utf8');
const formula = render(template, RELEASE);
const testRuby = testUnless(Bun.which('ruby') === null ? 'ruby is not installed' : undefined);

/** As much of Homebrew as tells what a formula asks for, on a host of `$os` and `$cpu`. */
const HOMEBREW = `
class Formula
  class << self
    def says(key, value) = puts("#{key} #{value}")
    def desc(v) = says('desc', v)
    def homepage(v) = says('homepage', v)
    def license(v) = says('license', v)
    def url(v) = says('url', v)
    def sha256(v) = says('sha256', v)
    def depends_on(v) = says('depends_on', v.map { |k, w| "#{k}=#{w}" }.join)
    def on_macos = ($os == 'macos' and yield)
    def on_linux = ($os == 'linux' and yield)
    def on_arm = ($cpu == 'arm' and yield)
    def on_intel = ($cpu == 'intel' and yield)
    def test = says('test', block_given?)
  end
end
`;

function evaluate(os: string, cpu: string): string[] {
  const script = `$os, $cpu = '${os}', '${cpu}'\n${HOMEBREW}\n${formula}`;
  const { stdout, stderr } = Bun.spawnSync(['ruby', '-w', '-'], {
    stdin: Buffer.from(script),
    timeout: 20_000,
  });
  expect(stderr.toString()).toBe('');
  return stdout.toString().trimEnd().split('\n');
}

const of = (target: keyof typeof SUMS) => [
  `url https://example.org/cspace/releases/download/v0.1.0/cspace-${target}.tar.gz`,
  `sha256 ${SUMS[target]}`,
];

testRuby('formula: an archive and its sum for each host, Apple silicon and macOS 26 asked for', () => {
  const mac = evaluate('macos', 'arm');
  expect(mac).toEqual(expect.arrayContaining(of('darwin-arm64')));
  expect(mac).toEqual(
    expect.arrayContaining(['depends_on arch=arm64', 'depends_on macos=tahoe', 'test true']),
  );
  expect(evaluate('linux', 'arm')).toEqual(expect.arrayContaining(of('linux-arm64')));
  expect(evaluate('linux', 'intel')).toEqual(expect.arrayContaining(of('linux-x64')));
});

testRuby('formula: no archive for Intel on a Mac, but what it asks for', () => {
  const lines = evaluate('macos', 'intel');
  expect(lines.filter((line) => line.startsWith('url'))).toEqual([]);
  expect(lines).toContain('depends_on arch=arm64');
});

test('formula: the rules of brew style that need no brew', () => {
  const desc = /^ {2}desc "(.*)"$/m.exec(formula)?.[1] ?? '';
  expect(desc.length).toBeGreaterThan(10);
  expect(`cspace: ${desc}`.length).toBeLessThanOrEqual(80);
  // FormulaAudit/Desc: no article, not the name, a capital, no full stop.
  expect(desc).toMatch(/^(?!An? |The |Cspace)[A-Z].*[^.]$/);
  expect(formula).not.toContain("'");
  expect(formula).not.toMatch(/[ \t]$|\t|\n\n\n/m);
  expect(formula).not.toMatch(/@[A-Z]/);
  expect(formula.endsWith('end\n')).toBe(true);
  for (const [line] of formula.matchAll(/^ *\S.*$/gm))
    expect(/^ */.exec(line)?.[0].length).toSatisfy((n) => (n ?? 1) % 2 === 0);
  // FormulaAudit/ComponentsOrder.
  const order = ['desc', 'homepage', 'license', 'on_macos', 'on_linux', 'def install', 'test do'];
  const at = order.map((word) => formula.indexOf(`\n  ${word}`));
  expect(at).toEqual([...at].sort((a, b) => a - b));
  expect(at).not.toContain(-1);
  for (const [, url] of formula.matchAll(/(?:url|homepage) "(.*)"/g)) expect(url).toStartWith('https://');
});

test('render refuses a template that asks for what no release has', () =>
  expect(() => render('@NOPE@', RELEASE)).toThrow('unknown: @NOPE@'));
