import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT_ROOT } from './checkout-source.ts';
import { parsePins } from './pins.ts';

const read = (path: string) => readFileSync(join(CHECKOUT_ROOT, path), 'utf8');
const dockerfile = read('image/Dockerfile');
const versions = JSON.parse(read('image/versions.json'));
const packages: Record<string, Record<string, { name: string; integrity: string }> & { version: string }> =
  versions.packages;

test("Dockerfile: small enough for Apple's builder, and without heredocs", () => {
  expect(Buffer.byteLength(dockerfile)).toBeLessThan(16 * 1024);
  expect(dockerfile).not.toMatch(/<<-?\w/);
});

test("vm/Dockerfile: no heredocs either, and the image has what the kit's build runs", () => {
  expect(read('image/vm/Dockerfile')).not.toMatch(/<<-?\w/);
  const packages = dockerfile.split(/\s+/);
  // depmod and modprobe, xz, gcc with objcopy, the C library, sshd.
  for (const name of ['kmod', 'xz-utils', 'g++', 'libc6-dev', 'openssh-server']) {
    expect(packages).toContain(name);
  }
});

test('Dockerfile: the bundles are the last files put in', () => {
  expect(dockerfile.match(/^(COPY|ADD|RUN) .*/gm)?.at(-1)).toBe('COPY bundles/ /usr/local/lib/cspace/');
});

test.each(Object.keys(packages))(
  'versions.json: %s has an integrity for both architectures, and is fetched',
  (key) => {
    for (const arch of ['amd64', 'arm64']) {
      const pin = packages[key]?.[arch] ?? packages[key]?.all;
      expect(pin?.integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    }
    expect(read('image/fetch')).toContain(`unpack ${key} `);
  },
);

test('versions.json: the Bun of the image is the Bun of the checkout', () => {
  expect(packages.bun?.version).toBe(JSON.parse(read('package.json')).dependencies.bun);
});

test('versions.json: Claude Code goes with the agent SDK, whose third number is the same', () => {
  const sdk: string = JSON.parse(read('packages/supervisor/package.json')).dependencies[
    '@anthropic-ai/claude-agent-sdk'
  ];
  expect(packages.claude?.version.split('.')[2]).toBe(sdk.split('.')[2]);
});

test('parsePins: reads versions.json; anything else is internal', () => {
  const files = new Map([['versions.json', new TextEncoder().encode(read('image/versions.json'))]]);
  expect(parsePins(files).debian).toBe('trixie');
  expect(() => parsePins(new Map())).toThrow('versions.json');
});
