/** Files of a build context by their path in it, with `/` between its parts. */
export type ImageFiles = ReadonlyMap<string, Uint8Array>;

export interface SourceOptions {
  signal: AbortSignal;
  /** Called with what takes long. */
  onProgress: (message: string) => void;
}

/**
 * Of `image/`: what microVMs boot before the image's own files are there. Not part of the image's context, whose tag it
 * must not change.
 */
export const KIT_FOLDER = 'vm/';

/** Where the files of the image come from: Dockerfile, rootfs/, versions.json, bundles/ and the rest, but no ca/. */
export interface ImageSource {
  files(options: SourceOptions): Promise<ImageFiles>;
}
