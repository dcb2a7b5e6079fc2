/** `podman version 4.3.1`, `crun version 1.8.1`: the numbers; undefined where there are none. */
export function parseVersion(text: string): [number, number, number] | undefined {
  const found = /version v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return found ? [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)] : undefined;
}

export function isAtLeast(version: readonly number[], wanted: readonly number[]): boolean {
  for (const [index, part] of wanted.entries()) {
    const own = version[index] ?? 0;
    if (own !== part) return own > part;
  }
  return true;
}
