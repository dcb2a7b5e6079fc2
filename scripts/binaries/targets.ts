/** The hosts that a standalone binary is made for, with the package that brings Bun for them. */
export const TARGETS = {
  'linux-x64': { bun: 'bun-linux-x64', package: '@oven/bun-linux-x64' },
  'linux-arm64': { bun: 'bun-linux-arm64', package: '@oven/bun-linux-aarch64' },
  'darwin-arm64': { bun: 'bun-darwin-arm64', package: '@oven/bun-darwin-aarch64' },
} as const;

export type Target = keyof typeof TARGETS;

export function parseTarget(word: string): Target {
  if (Object.hasOwn(TARGETS, word)) return word as Target;
  throw new Error(`no such target: ${word}; there are ${Object.keys(TARGETS).join(', ')}`);
}
