import { createToken } from '../../sandbox/tokens.ts';
import { openRegularFile, writeFileAtomic } from '../../system/files.ts';
import type { Owner } from '../../system/owner.ts';

/** What programs of the host have to show on 127.0.0.1. */
export interface HostToken {
  /** The one in force: the file's, made where it is missing, too short, or readable by others. */
  get(): Promise<string>;
}

const MIN_LENGTH = 32;
const MAX_BYTES = 1024;

/** The token in a file, 0600 and the owner's. Removing the file makes a new one. */
export function openHostToken(path: string, owner: Owner): HostToken {
  let reading: Promise<string> | undefined;
  const get = async () => (await readToken(path, owner)) ?? (await writeToken(path, owner));
  return {
    get() {
      reading ??= get().finally(() => {
        reading = undefined;
      });
      return reading;
    },
  };
}

async function readToken(path: string, owner: Owner): Promise<string | undefined> {
  const file = await openRegularFile(path);
  if (!file) return undefined;
  try {
    const { size, mode, uid } = await file.stat();
    // Others may have read it meanwhile: it is no secret any more.
    if (size > MAX_BYTES || (mode & 0o077) !== 0 || uid !== owner.uid) return undefined;
    const token = (await file.readFile('utf8')).trim();
    return token.length < MIN_LENGTH ? undefined : token;
  } finally {
    await file.close();
  }
}

async function writeToken(path: string, owner: Owner): Promise<string> {
  const token = createToken();
  await writeFileAtomic(path, `${token}\n`, { owner, mode: 0o600 });
  return token;
}
