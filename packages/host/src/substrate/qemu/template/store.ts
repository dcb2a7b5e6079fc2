import { chmod, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureFolder } from '../../../system/files.ts';

/** `KEY/template.json`, written last. */
export const TemplateFile = z.strictObject({
  v: z.literal(1),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  /** What of the image it was made from: without them nobody asks for it. */
  kit: z.string(),
  root: z.string(),
  /** Its first program stands by, on a disk that goes with it. */
  standby: z.boolean(),
});
export type TemplateFile = z.infer<typeof TemplateFile>;

/** A guest as it stood before it was anybody's machine. */
export interface Template {
  key: string;
  folder: string;
  /** Its memory: sparse, with the machine's full size. */
  ram: string;
  /** What QEMU says of its devices. */
  state: string;
  /** The disk that its guest has mounted; undefined where it has not: it takes any. */
  disk: string | undefined;
}

/** Root's alone: of a guest's kernel it gives away where in memory things are. */
export const getTemplatesFolder = (store: string): string => join(store, 'templates');
export const PARTIAL = '.partial-';

const KEY = /^[0-9a-f]{64}$/;

export async function ensureTemplatesFolder(store: string): Promise<string> {
  const folder = getTemplatesFolder(store);
  await ensureFolder(folder, { mode: 0o700 });
  await chmod(folder, 0o700);
  return folder;
}

export const getTemplateFolder = (store: string, key: string): string => join(getTemplatesFolder(store), key);

/** Its parts, in its folder or in one where it is being made. */
export const getParts = (folder: string) => ({
  ram: join(folder, 'ram'),
  state: join(folder, 'state'),
  disk: join(folder, 'disk'),
});

export const getTemplateFile = (folder: string): string => join(folder, 'template.json');

/** The template of that key, where it is whole. It counts as used. */
export async function findTemplate(store: string, key: string): Promise<Template | undefined> {
  const folder = getTemplateFolder(store, key);
  const file = await readTemplate(folder);
  if (!file) return undefined;
  const now = new Date();
  await utimes(getTemplateFile(folder), now, now).catch(() => undefined);
  const { ram, state, disk } = getParts(folder);
  return { key, folder, ram, state, disk: file.standby ? disk : undefined };
}

/** What its file says, where all that belongs to it is there. */
export async function readTemplate(folder: string): Promise<TemplateFile | undefined> {
  try {
    const found = TemplateFile.parse(JSON.parse(await readFile(getTemplateFile(folder), 'utf8')));
    const { disk, ...parts } = getParts(folder);
    const paths = [...Object.values(parts), ...(found.standby ? [disk] : [])];
    const sizes = await Promise.all(paths.map((path) => stat(path)));
    return folder.endsWith(`/${found.key}`) && sizes.every(({ size }) => size > 0) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Whoever has it open keeps it. */
export function removeTemplate({ folder }: Pick<Template, 'folder'>): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}

export interface Kept {
  folder: string;
  /** Undefined where it is not whole. */
  file: TemplateFile | undefined;
  /** When it was used last, in milliseconds since 1970. */
  usedAt: number;
  /** On the disk. */
  bytes: number;
}

export async function listTemplates(store: string): Promise<Kept[]> {
  const folder = getTemplatesFolder(store);
  const names = (await readdir(folder).catch(() => [])).filter((name) => KEY.test(name));
  return Promise.all(
    names.map(async (name) => {
      const at = join(folder, name);
      const used = await stat(getTemplateFile(at)).catch(() => undefined);
      const sizes = Object.values(getParts(at)).map((path) => stat(path).catch(() => undefined));
      const blocks = (await Promise.all(sizes)).map((part) => part?.blocks ?? 0);
      return {
        folder: at,
        file: await readTemplate(at),
        usedAt: used?.mtimeMs ?? 0,
        bytes: blocks.reduce((sum, each) => sum + each * 512, 0),
      };
    }),
  );
}
