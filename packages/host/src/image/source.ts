/** Files of a build context by their path in it, with `/` between its parts. */
export type ImageFiles = ReadonlyMap<string, Uint8Array>;

export interface SourceOptions {
  signal: AbortSignal;
  /** Called with what takes long. */
  onProgress: (message: string) => void;
}

/** Where the files of the image come from: Dockerfile, rootfs/, versions.json, bundles/ and the rest, but no ca/. */
export interface ImageSource {
  files(options: SourceOptions): Promise<ImageFiles>;
}
