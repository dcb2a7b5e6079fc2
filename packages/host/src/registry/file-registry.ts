import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import { ensureFolder, readRegularFile, writeFileAtomic } from '../system/files.ts';
import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';
import { findRefs } from './find-refs.ts';
import { SandboxRecord } from './record.ts';
import type { BrokenRecord, Registry } from './registry.ts';

const MAX_RECORD_BYTES = 64 * 1024;

/** The registry of `paths.registry`, one JSON file a sandbox, read once at the start. */
export async function openFileRegistry(paths: Paths, owner: Owner): Promise<Registry> {
  const records = new Map<string, SandboxRecord>();
  const broken = new Map<string, BrokenRecord>();
  let revision = 0;
  const listeners: (() => void)[] = [];
  const notify = () => {
    revision += 1;
    for (const listener of listeners) listener();
  };
  // One write of a file after the other: a slow one must not bring back what a later one has changed or removed.
  const writing = new Map<string, Promise<void>>();
  function write(key: string, work: () => Promise<void>): Promise<void> {
    const mine = (writing.get(key) ?? Promise.resolve()).then(work, work);
    const settled = mine.catch(() => undefined);
    writing.set(key, settled);
    void settled.then(() => {
      if (writing.get(key) === settled) writing.delete(key);
    });
    return mine;
  }
  await ensureFolder(paths.registry, { owner });
  for (const ref of await findRefs(paths.registry)) {
    const read = await readRecord(paths.record(ref), ref);
    if (typeof read === 'string') broken.set(formatRef(ref), { ref, reason: read });
    else records.set(formatRef(ref), read);
  }
  return {
    get revision() {
      return revision;
    },
    get: (ref) => records.get(formatRef(ref)),
    list: () => [...records.values()],
    listBroken: () => [...broken.values()],
    async put(record) {
      const text = `${JSON.stringify(SandboxRecord.parse(record), null, 2)}\n`;
      const key = formatRef(record);
      const before = records.get(key);
      // At once, so that what it takes (a name, an address) is taken for whoever looks while it is being written.
      records.set(key, record);
      notify();
      try {
        await write(key, async () => {
          await ensureFolder(dirname(paths.record(record)), { owner });
          await writeFileAtomic(paths.record(record), text, { owner });
        });
      } catch (error) {
        // Unless somebody has changed it again meanwhile.
        if (records.get(key) === record) {
          if (before) records.set(key, before);
          else records.delete(key);
          notify();
        }
        throw error;
      }
      if (broken.delete(key)) notify();
    },
    async remove(ref) {
      await write(formatRef(ref), () => rm(paths.record(ref), { force: true }));
      records.delete(formatRef(ref));
      broken.delete(formatRef(ref));
      notify();
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

/** The record, or why it cannot be read. */
async function readRecord(path: string, ref: SandboxRef): Promise<SandboxRecord | string> {
  try {
    const text = await readRegularFile(path, MAX_RECORD_BYTES);
    if (text === undefined) return 'not a regular file';
    const parsed = SandboxRecord.safeParse(JSON.parse(text));
    if (!parsed.success)
      return `not a record of this version: ${parsed.error.issues[0]?.message ?? 'unknown'}`;
    if (formatRef(parsed.data) !== formatRef(ref))
      return `it names another sandbox, ${formatRef(parsed.data)}`;
    return parsed.data;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
