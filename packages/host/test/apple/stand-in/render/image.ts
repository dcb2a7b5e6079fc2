import { type EngineImage, getFullReference } from '../images/find.ts';
import { isSince, type Version } from '../versions.ts';
import { getIsoTime } from './time.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** An image in the shape of the version, as a Mac's builder makes it: for arm64, with an attestation. Pure. */
export function getImageJson(name: string, image: EngineImage, version: Version): object {
  const descriptor = { digest: image.Digest, mediaType: INDEX, size: image.Size };
  const variants = [getAttestation(image), getVariant(image, version)];
  const reference = getFullReference(name);
  if (!isSince(version, '1.0.0')) return { name: reference, index: descriptor, variants };
  return {
    id: image.Digest.replace(/^sha256:/, ''),
    configuration: { name: reference, descriptor, creationDate: getIsoTime(image.Created) },
    variants,
  };
}

function getVariant(
  { Config, Created, RootFS, History, Size, Digest }: EngineImage,
  version: Version,
): object {
  return {
    platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
    ...(isSince(version, '1.0.0') ? { digest: Digest } : {}),
    size: Size,
    config: {
      created: Created,
      architecture: 'arm64',
      os: 'linux',
      config: {
        Env: Config.Env,
        Cmd: Config.Cmd ?? undefined,
        Entrypoint: Config.Entrypoint ?? undefined,
        User: Config.User || undefined,
        WorkingDir: Config.WorkingDir || undefined,
        Labels: Config.Labels ?? undefined,
        StopSignal: Config.StopSignal || undefined,
      },
      rootfs: { type: RootFS.Type, diff_ids: RootFS.Layers },
      history: History,
    },
  };
}

/** What buildkit says of how it was built, in the clothes of a variant. */
function getAttestation({ RootFS, Digest }: EngineImage): object {
  return {
    platform: { architecture: 'unknown', os: 'unknown' },
    digest: Digest,
    size: 1_234,
    config: {
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: RootFS.Type, diff_ids: [] },
    },
  };
}
