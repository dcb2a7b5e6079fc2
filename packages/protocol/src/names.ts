import { z } from 'zod';

/** Lower-case DNS labels without a double hyphen, so that `--` can join two of them without ambiguity. */
export const NAME_PATTERN = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** `cspace-` + project + `--` + sandbox has to stay within a DNS label of 63 octets (RFC 1035, 2.3.4). */
export const MAX_NAMES_LENGTH = 50;

export const Name = z
  .string()
  .max(MAX_NAMES_LENGTH)
  .regex(NAME_PATTERN, 'lower-case letters and digits, single hyphens between them');

/** Which sandbox of which project. */
export const SandboxRef = z
  .object({ project: Name, sandbox: Name })
  .refine((ref) => ref.project.length + ref.sandbox.length <= MAX_NAMES_LENGTH, {
    message: `project and sandbox names together have at most ${MAX_NAMES_LENGTH} characters`,
  });
export type SandboxRef = z.infer<typeof SandboxRef>;

/** The name of the machine, a valid host name; no two sandboxes share one. */
export function getMachineName(ref: SandboxRef): string {
  return `cspace-${ref.project}--${ref.sandbox}`;
}

/** How a person writes a sandbox from anywhere: `shop/mercury`. */
export function formatRef(ref: SandboxRef): string {
  return `${ref.project}/${ref.sandbox}`;
}

/** The branch of a sandbox, in its clone and, once fetched, in the host's repository. */
export function getBranch(sandbox: string): string {
  return `cspace/${sandbox}`;
}

/**
 * A project name made from a folder's name: `My Shop_2` gives `my-shop-2`.
 * Undefined where nothing usable is left of it.
 */
export function getProjectName(folderName: string): string | undefined {
  const name = folderName
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replace(/^-+|-+$/g, '');
  return name === '' ? undefined : name;
}
