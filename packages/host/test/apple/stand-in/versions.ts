/** The versions that the stand-in can be: all that the contract was read from. */
export const VERSIONS = ['0.12.3', '1.0.0', '1.1.0', '1.2.0', '1.2.1', '1.2.2'] as const;
export type Version = (typeof VERSIONS)[number];

/** Throws where it is another one: a test that asks for what is not there must not go on. */
export function parseVersion(text: string): Version {
  const found = VERSIONS.find((version) => version === text);
  if (found === undefined) throw new Error(`the stand-in is one of ${VERSIONS.join(', ')}, not ${text}`);
  return found;
}

/** The list above is in order. */
export function isSince(version: Version, since: Version): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(since);
}
