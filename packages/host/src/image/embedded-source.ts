import { type ImageFiles, type ImageSource, KIT_FOLDER } from './source.ts';

/** The files that a standalone binary carries; nothing else of the host is read. */
export function createEmbeddedSource(files: Readonly<Record<string, string>>): ImageSource {
  return { files: () => readEmbedded(files, (path) => !path.startsWith(KIT_FOLDER)) };
}

/** Those that `wants`. */
export async function readEmbedded(
  files: Readonly<Record<string, string>>,
  wants: (path: string) => boolean,
): Promise<ImageFiles> {
  const wanted = Object.entries(files).filter(([path]) => wants(path));
  return new Map(
    await Promise.all(
      wanted.map(
        async ([path, embedded]) => [path, new Uint8Array(await Bun.file(embedded).arrayBuffer())] as const,
      ),
    ),
  );
}
