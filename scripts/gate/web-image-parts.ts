const REPOSITORY = 'localhost/cspace-web';

/** Where image/Dockerfile puts what changes with every edit of cspace: all that is before it stays in the builder's cache. */
const BEFORE = '# Last, because they change most often.\n';

/** The latest of other checkouts or branches stay: to make one again takes minutes. */
const KEPT = 2;

/** The image's Dockerfile with more lines, before its last and quickest ones. Pure. Throws where it has changed shape. */
export function addToDockerfile(dockerfile: string, part: string): string {
  const parts = dockerfile.split(BEFORE);
  if (parts.length !== 2) throw new Error(`image/Dockerfile has not once the line: ${BEFORE}`);
  return parts.join(`${part}${BEFORE}`);
}

export function getWebTag(contentHash: string): string {
  return `${REPOSITORY}:${contentHash.slice(0, 12)}`;
}

/** Of all tags on this host, newest first, those of ours that nobody will ask for soon. Pure. */
export function pickOldTags(tags: readonly string[], current: string): string[] {
  return tags.filter((tag) => tag.startsWith(`${REPOSITORY}:`) && tag !== current).slice(KEPT);
}
