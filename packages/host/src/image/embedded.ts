/**
 * The files of the image inside a standalone binary: path in the context → path that Bun can read. Undefined in a
 * source checkout; `scripts/bundle.ts` puts a generated module in the place of this one when the binary is compiled.
 */
export const EMBEDDED_FILES: Readonly<Record<string, string>> | undefined = undefined;
