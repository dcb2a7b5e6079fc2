import { createHash } from 'node:crypto';
import { ProblemError } from '@cspace/protocol/problem';
import { z } from 'zod';

/** What is needed of an OCI image's configuration. */
export interface OciImage {
  /** Another one for every change, of metadata too. */
  id: string;
  /** Digests, the lowest first. */
  layers: string[];
  entrypoint: string[];
  cmd: string[];
  env: Record<string, string>;
  workdir: string;
  user: string;
  /** Its first program can be started before it is known whose machine it is in. */
  standby: boolean;
}

/** podman-image-inspect(1), 4.3 and later; what is empty may be missing or null. */
const Inspected = z.tuple([
  z.object({
    Id: z.string().min(1),
    User: z.string().nullish(),
    Config: z
      .object({
        Entrypoint: z.array(z.string()).nullish(),
        Cmd: z.array(z.string()).nullish(),
        Env: z.array(z.string()).nullish(),
        WorkingDir: z.string().nullish(),
        Labels: z.record(z.string(), z.string()).nullish(),
      })
      .nullish(),
    RootFS: z.object({ Layers: z.array(z.string()).min(1) }),
  }),
]);

/** Of an image whose entrypoint waits for a line on its stdin where CSPACE_STANDBY is set. */
const STANDBY_LABEL = 'dev.cspace.standby';

export const getInspectArgv = (tag: string): string[] => ['podman', 'image', 'inspect', tag];

/** Throws `image-build-failed` where it is not what podman prints. */
export function parseInspected(text: string): OciImage {
  try {
    const [image] = Inspected.parse(JSON.parse(text));
    return {
      id: image.Id,
      layers: image.RootFS.Layers,
      entrypoint: image.Config?.Entrypoint ?? [],
      cmd: image.Config?.Cmd ?? [],
      env: parseEnv(image.Config?.Env ?? []),
      workdir: image.Config?.WorkingDir || '/',
      user: image.User ?? '',
      standby: image.Config?.Labels?.[STANDBY_LABEL] === '1',
    };
  } catch (cause) {
    const message = 'podman described the image in a way that cspace does not know';
    throw new ProblemError({ code: 'image-build-failed', message, why: text.slice(0, 2000) }, { cause });
  }
}

function parseEnv(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** What a root file system is kept under: images that differ in metadata only share one. */
export function getRootKey(layers: readonly string[], format: readonly string[]): string {
  const text = [...format, '', ...layers].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
