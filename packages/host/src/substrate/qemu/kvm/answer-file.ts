import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureFolder, readRegularFile, writeFileAtomic } from '../../../system/files.ts';
import type { GuestRun } from './run-guest.ts';

/** What an answer is about: another boot of the host, or another QEMU, needs another guest. */
export interface AnswerKey {
  bootId: string;
  /** Its path. */
  qemu: string;
  version: string;
}

const AnswerFile = z.strictObject({
  v: z.literal(1),
  bootId: z.string(),
  qemu: z.string(),
  version: z.string(),
  ran: z.boolean(),
  why: z.string().optional(),
  /** Milliseconds since 1970: tried again after it. */
  until: z.number().optional(),
});

/** A host that was too busy looks like one whose guests hang: that answer is not for the rest of the host's days. */
const TIMED_OUT_FOR_MS = 10 * 60_000;
const MAX_BYTES = 16 * 1024;
const getPath = (store: string) => join(store, 'kvm.json');

/** The answer that was found before; undefined where there is none to it, or none that root has written. */
export async function readAnswer(store: string, key: AnswerKey): Promise<GuestRun | undefined> {
  const path = getPath(store);
  const found = await stat(path).catch(() => undefined);
  if (found?.uid !== 0) return undefined;
  const file = parse(await readRegularFile(path, MAX_BYTES).catch(() => undefined));
  if (file?.bootId !== key.bootId || file.qemu !== key.qemu || file.version !== key.version) return undefined;
  if (file.until !== undefined && Date.now() > file.until) return undefined;
  return file.ran ? { ran: true } : { ran: false, why: file.why ?? 'no guest ran' };
}

function parse(text: string | undefined): z.infer<typeof AnswerFile> | undefined {
  try {
    return AnswerFile.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

/** Readable by all, written by root only; elsewhere nothing happens. Throws the system's error. */
export async function writeAnswer(store: string, key: AnswerKey, answer: GuestRun): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await ensureFolder(store, { mode: 0o755 });
  const { ran } = answer;
  const file: z.infer<typeof AnswerFile> = {
    v: 1,
    ...key,
    ran,
    ...(ran ? {} : { why: answer.why }),
    ...(!ran && answer.timedOut ? { until: Date.now() + TIMED_OUT_FOR_MS } : {}),
  };
  const text = JSON.stringify(file);
  await writeFileAtomic(getPath(store), `${text}\n`, { mode: 0o644 });
}
