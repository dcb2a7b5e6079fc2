import { networkInterfaces } from 'node:os';
import { ProblemError } from '@cspace/protocol/problem';
import type { CredentialName } from '../../secrets/secrets.ts';
import type { Given } from './credentials.ts';

const KEY_NAMES = ['ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN', 'ANTHROPIC_AUTH_TOKEN'] as const;
/** A server that asks for no key gets this: Claude Code does not start without any. */
const NO_KEY = 'not-needed';

/**
 * The variables by which Claude Code reaches a model; undefined where nothing was given. The first source that has a key
 * counts, and exactly one key: under the variable that its prefix asks for, because an OAuth token in the API key's place
 * is only "Invalid API key".
 */
export function chooseAnthropic(sources: Given[]): Record<string, string> | undefined {
  const baseUrl = chooseBaseUrl(sources);
  const key = sources.map(findKey).find((found) => found !== undefined);
  if (key === undefined && baseUrl === undefined) return undefined;
  return {
    ...(key ?? { ANTHROPIC_AUTH_TOKEN: NO_KEY }),
    ...(baseUrl === undefined ? {} : { ANTHROPIC_BASE_URL: baseUrl }),
  };
}

function findKey({ from, values }: Given): Record<string, string> | undefined {
  const found = new Map<string, CredentialName>();
  for (const name of KEY_NAMES) {
    const value = values[name];
    if (value !== undefined && !found.has(value)) found.set(value, name);
  }
  if (found.size > 1) {
    const names = [...found.values()];
    throw new ProblemError({
      code: 'credentials-invalid',
      message: `more than one credential for the model in ${from}: ${names.join(', ')}`,
      why: 'which of them would be used, and paid by, cannot be told',
      fix: `keep one of them, such as: unset ${names.slice(1).join(' ')}`,
    });
  }
  for (const [value, name] of found) return { [getVariable(name, value)]: value };
  return undefined;
}

/** Where a key belongs: by its prefix where that says it, else where it was given (gateways have keys of their own). */
export function getVariable(given: CredentialName, value: string): CredentialName {
  if (value.startsWith('sk-ant-oat')) return 'CLAUDE_CODE_OAUTH_TOKEN';
  if (value.startsWith('sk-ant-api')) return 'ANTHROPIC_API_KEY';
  return given;
}

function chooseBaseUrl(sources: Given[]): string | undefined {
  for (const { from, values } of sources) {
    const text = values.ANTHROPIC_BASE_URL;
    if (text !== undefined) return checkBaseUrl(text, from);
  }
  return undefined;
}

/** Throws `credentials-invalid` where no sandbox could reach it; `interfaces` are the host's. */
export function checkBaseUrl(text: string, from: string, interfaces = networkInterfaces()): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new ProblemError({
      code: 'credentials-invalid',
      message: `ANTHROPIC_BASE_URL in ${from} is not the URL of a server`,
      why: 'it begins with http:// or https:// and holds no user name or password',
      fix: 'ANTHROPIC_BASE_URL=https://gateway.example.com',
    });
  }
  if (/^(localhost|.*\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\])$/.test(url.hostname)) {
    throw new ProblemError({
      code: 'credentials-invalid',
      message: `ANTHROPIC_BASE_URL in ${from} is ${url.hostname}, which inside a sandbox is the sandbox itself`,
      why: "a sandbox reaches no service on the host's loopback",
      fix: REACHABLE,
    });
  }
  const addresses = Object.values(interfaces).flatMap((found) => found ?? []);
  if (addresses.some(({ address }) => address === url.hostname.replace(/^\[|\]$/g, ''))) {
    throw new ProblemError({
      code: 'credentials-invalid',
      message: `ANTHROPIC_BASE_URL in ${from} is ${url.hostname}, an address of this host`,
      why: "a sandbox reaches no service of the host but the daemon's",
      fix: REACHABLE,
    });
  }
  return text;
}

const REACHABLE =
  "give an address that a sandbox can reach, such as the model server's in your network, or unset ANTHROPIC_BASE_URL";
