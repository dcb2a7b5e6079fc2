import type { Owner } from '../system/owner.ts';
import type { Paths } from '../system/paths.ts';
import {
  hasKeychain,
  KEYCHAIN,
  readKeychain,
  removeFromKeychain,
  type SecretsKeychainOptions,
  writeKeychain,
} from './keychain.ts';
import type { CredentialName, Secrets } from './secrets.ts';
import { editSecretsFile, readSecretsFile } from './secrets-file.ts';

export interface SecretsStoreOptions extends SecretsKeychainOptions {
  paths: Pick<Paths, 'secrets'>;
  owner: Owner;
}

/** Where this host keeps a user's credentials, and reads them at every `up`. Each call throws `credentials-invalid`. */
export interface SecretsStore {
  /** For people: where `set` puts them. */
  readonly name: string;
  set(name: CredentialName, value: string): Promise<void>;
  /** From wherever it is kept. False where it was nowhere. */
  remove(name: CredentialName): Promise<boolean>;
  /** What is kept, in the order in which it counts. */
  list(): Promise<{ from: string; values: Secrets }[]>;
}

export function openSecretsStore(options: SecretsStoreOptions): SecretsStore {
  const { paths, owner, platform } = options;
  const inKeychain = hasKeychain(platform);
  return {
    name: inKeychain ? KEYCHAIN : paths.secrets,
    async set(name, value) {
      if (inKeychain) await writeKeychain(options, name, value);
      else await editSecretsFile(paths.secrets, owner, { name, value });
    },
    async remove(name) {
      const fromKeychain = inKeychain && (await removeFromKeychain(options, name));
      const fromFile = await editSecretsFile(paths.secrets, owner, { name, value: undefined });
      return fromKeychain || fromFile;
    },
    async list() {
      const file = { from: paths.secrets, values: await readSecretsFile(paths.secrets, owner) };
      return inKeychain ? [{ from: KEYCHAIN, values: await readKeychain(options) }, file] : [file];
    },
  };
}
