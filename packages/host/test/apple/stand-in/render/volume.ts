import { isSince, type Version } from '../versions.ts';
import type { Volume } from '../volumes/volumes.ts';
import { getIsoTime, getReferenceTime } from './time.ts';

const FOLDER = '/Users/me/Library/Application Support/com.apple.container/volumes';

/** A volume in the shape of the version. Pure. */
export function getVolumeJson(
  { name, labels, options, sizeInBytes, creationDate }: Volume,
  version: Version,
): object {
  const shared = {
    name,
    driver: 'local',
    format: 'ext4',
    source: `${FOLDER}/${name}/volume.img`,
    labels,
    options,
    sizeInBytes,
  };
  if (!isSince(version, '1.0.0')) return { ...shared, createdAt: getReferenceTime(creationDate) };
  return { id: name, configuration: { ...shared, creationDate: getIsoTime(creationDate) } };
}
