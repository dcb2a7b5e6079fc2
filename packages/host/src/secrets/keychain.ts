import { PASSED_ENV } from '@cspace/protocol/daemon-api';
import { ProblemError } from '@cspace/protocol/problem';
import {
  KeychainError,
  type KeychainOptions,
  readKeychainItem,
  removeKeychainItem,
  writeKeychainItem,
} from '../system/keychain.ts';
import type { CredentialName, Secrets } from './secrets.ts';

/** For people. */
export const KEYCHAIN = 'the keychain';

export interface SecretsKeychainOptions extends KeychainOptions {
  /** Each home has its own: a test never spends what the user's own sandboxes do. */
  homeLabel: string;
  platform?: NodeJS.Platform;
}

/** Only macOS has one that a daemon without a desktop can ask. */
export const hasKeychain = (platform: NodeJS.Platform = process.platform) => platform === 'darwin';

/** Our items, all that are there. Empty where the host has no keychain. Throws `credentials-invalid` where it is locked. */
export async function readKeychain(options: SecretsKeychainOptions): Promise<Secrets> {
  if (!hasKeychain(options.platform)) return {};
  const found: Secrets = {};
  // One after the other: a locked keychain asks its user once, and nothing is asked behind a failure's back.
  for (const name of PASSED_ENV) {
    const value = await ask(() => readKeychainItem(getItem(options, name), options));
    if (value) found[name] = value;
  }
  return found;
}

/** Throws `credentials-invalid`. */
export async function writeKeychain(
  options: SecretsKeychainOptions,
  name: CredentialName,
  value: string,
): Promise<void> {
  await ask(() => writeKeychainItem(getItem(options, name), value, options));
}

/** False where there was nothing of that name. Throws `credentials-invalid`. */
export function removeFromKeychain(options: SecretsKeychainOptions, name: CredentialName): Promise<boolean> {
  return ask(() => removeKeychainItem(getItem(options, name), options));
}

function getItem({ homeLabel }: SecretsKeychainOptions, account: CredentialName) {
  return { service: `dev.cspace.${homeLabel}`, account };
}

async function ask<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof KeychainError || error instanceof RangeError)) throw error;
    throw new ProblemError({
      code: 'credentials-invalid',
      message: `${KEYCHAIN} did not do it`,
      why: error.message,
      fix: 'security unlock-keychain',
    });
  }
}
