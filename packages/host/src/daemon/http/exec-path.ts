import { SandboxRef } from '@cspace/protocol/names';

/** The sandbox of a request for `exec`; undefined for every other request. */
export function getRefOfExec(request: Request): SandboxRef | undefined {
  const match = /^\/sandboxes\/([^/]+)\/([^/]+)\/exec$/.exec(new URL(request.url).pathname);
  if (!match) return undefined;
  return SandboxRef.safeParse({ project: match[1], sandbox: match[2] }).data;
}
