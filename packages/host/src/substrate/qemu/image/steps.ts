import { truncate, writeFile } from 'node:fs/promises';
import { DISK_BYTES, getMkfsArgv } from './empty-disk.ts';
import { getErofsArgv } from './erofs.ts';
import { makeKit } from './kit.ts';
import { getInspectArgv, type OciImage, parseInspected } from './oci.ts';
import { getInImageArgv, runTool, type ToolOptions } from './tools.ts';

/** What takes long or needs root, one by one. */
export interface Steps {
  inspect(options: ToolOptions, tag: string): Promise<OciImage>;
  makeKit: typeof makeKit;
  /** Writes the root file system of an OCI image into `file`. */
  makeRoot(options: ToolOptions, image: { tag: string; file: string }): Promise<void>;
  makeEmptyDisk(options: ToolOptions, file: string): Promise<void>;
}

export const STEPS: Steps = {
  async inspect(options, tag) {
    const action = `describe the image ${tag}`;
    return parseInspected(
      await runTool(options, { argv: getInspectArgv(tag), program: 'podman', action, quiet: true }),
    );
  },
  makeKit,
  async makeRoot(options, { tag, file }) {
    await runTool(options, {
      argv: getInImageArgv(tag, getErofsArgv(file, '.')),
      program: 'mkfs.erofs',
      action: 'make a root file system of the image',
    });
  },
  async makeEmptyDisk(options, file) {
    await writeFile(file, '');
    await truncate(file, DISK_BYTES);
    await runTool(options, { argv: getMkfsArgv(file), program: 'mkfs.ext4', action: 'make an empty disk' });
  },
};
