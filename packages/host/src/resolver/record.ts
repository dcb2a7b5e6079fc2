import { constants, linkSync, rmdirSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ProblemError } from '@cspace/protocol/problem';
import { z } from 'zod';
import { tryLock } from '../system/file-lock.ts';
import { readRegularFile, writeFileAtomic } from '../system/files.ts';
import { HOST_FILES } from '../system/paths.ts';
import { FORM_NAMES } from './form.ts';

/** What is installed on this host, and for which home. One for all homes: names lead to one daemon. */
export const ResolverRecord = z.strictObject({
  v: z.literal(1),
  form: z.enum(FORM_NAMES),
  home: z.string(),
  homeLabel: z.string().regex(/^[0-9a-f]{12}$/),
  uid: z.number().int(),
  port: z.number().int(),
  bridge: z.string(),
  subnet: z.string(),
  dropIn: z.string().optional(),
});
export type ResolverRecord = z.infer<typeof ResolverRecord>;

const PATH = HOST_FILES.resolverRecord;
const MAX_BYTES = 16 * 1024;
const LOCK_TIMEOUT_MS = 30_000;
const LOCK_PAUSE_MS = 20;

/** Undefined where nothing is installed, or where what stands there is no record of root's. Anybody may read it. */
export async function readResolverRecord(): Promise<ResolverRecord | undefined> {
  const found = await stat(PATH).catch(() => undefined);
  if (found?.uid !== 0) return undefined;
  return parseRecord(await readRegularFile(PATH, MAX_BYTES).catch(() => undefined));
}

function parseRecord(text: string | undefined): ResolverRecord | undefined {
  try {
    return ResolverRecord.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

export interface HeldRecord {
  record: ResolverRecord | undefined;
  write(record: ResolverRecord): Promise<void>;
  remove(): void;
}

/**
 * Does `work` while nobody else changes what is installed, the daemon's block in /etc/hosts included: with the record
 * locked. Undefined where there is no record. Needs root.
 */
export async function withResolverRecord<T>(work: (held: HeldRecord) => Promise<T>): Promise<T | undefined> {
  const file = await openLocked();
  if (!file) return undefined;
  try {
    const record = parseRecord(await file.readFile('utf8'));
    return await work({
      record,
      // In place: a new file would have another lock.
      async write(record) {
        const bytes = Buffer.from(formatRecord(record));
        await file.truncate(0);
        await file.write(bytes, 0, bytes.length, 0);
        await file.sync();
      },
      remove: removeRecord,
    });
  } finally {
    await file.close();
  }
}

/** Makes the record where there is none; the one that another call made first stays. Throws `host-unsupported`. */
export async function ensureResolverRecord(record: ResolverRecord): Promise<void> {
  const temporary = `${PATH}.${process.pid}`;
  try {
    await mkdir(dirname(PATH), { mode: 0o755 }).catch(ignore('EEXIST'));
    await writeFileAtomic(temporary, formatRecord(record), { mode: 0o644 });
    // A link never replaces what is there.
    try {
      linkSync(temporary, PATH);
    } catch (error) {
      ignore('EEXIST')(error);
    }
  } catch (error) {
    throw new ProblemError({
      code: 'host-unsupported',
      message: `could not write ${PATH}`,
      why: error instanceof Error ? error.message : String(error),
      fix: `see that root can write to ${dirname(dirname(PATH))}`,
    });
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** With its folder, where nothing else is in that. */
function removeRecord(): void {
  rmSync(PATH, { force: true });
  try {
    rmdirSync(dirname(PATH));
  } catch {
    // Somebody keeps other things there.
  }
}

/** Locked, and still the one that has the name: it may have been removed while we waited. */
async function openLocked(): Promise<FileHandle | undefined> {
  const deadline = performance.now() + LOCK_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const file = await open(PATH, constants.O_RDWR | constants.O_NOFOLLOW).catch(ignore('ENOENT'));
    if (!file) return undefined;
    const isLocked = tryLock(file.fd);
    const now = await stat(PATH).catch(ignore('ENOENT'));
    if (isLocked && now?.ino === (await file.stat()).ino) return file;
    await file.close();
    if (!isLocked) await Bun.sleep(LOCK_PAUSE_MS);
  }
  throw new ProblemError({
    code: 'host-unsupported',
    message: `${PATH} is locked`,
    why: 'another cspace is changing how this host resolves names',
    fix: 'try again',
  });
}

function formatRecord(record: ResolverRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

function ignore(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
    return undefined;
  };
}
