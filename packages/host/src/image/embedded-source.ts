import type { ImageSource } from './source.ts';

/** The files that a standalone binary carries; nothing else of the host is read. */
export function createEmbeddedSource(files: Readonly<Record<string, string>>): ImageSource {
  return {
    async files() {
      return new Map(
        await Promise.all(
          Object.entries(files).map(
            async ([path, embedded]) =>
              [path, new Uint8Array(await Bun.file(embedded).arrayBuffer())] as const,
          ),
        ),
      );
    },
  };
}
