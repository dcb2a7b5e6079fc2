import { PASSED_ENV } from '@cspace/protocol/daemon-api';
import { ProblemError } from '@cspace/protocol/problem';
import { KEYCHAIN, readKeychain } from '../../secrets/keychain.ts';
import type { Secrets } from '../../secrets/secrets.ts';
import { readSecretsFile } from '../../secrets/secrets-file.ts';
import type { Owner } from '../../system/owner.ts';
import type { Paths } from '../../system/paths.ts';
import { chooseAnthropic } from './anthropic.ts';

/** Values by the name they were given under; where they came from is for messages. */
export interface Given {
  from: string;
  values: Secrets;
}

/** What a sandbox is given of its user's credentials. Its values never go into a message, an event or a log. */
export interface Credentials {
  /** No credential for a model was given: the practice model answers. */
  practice: boolean;
  /** The model to use where neither flag nor configuration names one. */
  model: string | undefined;
  /** The environment of the agent. */
  variables: Record<string, string>;
}

const GITHUB_NAMES = ['GH_TOKEN', 'GITHUB_TOKEN', 'GITHUB_PERSONAL_ACCESS_TOKEN'] as const;

export interface ReadCredentialsOptions {
  paths: Pick<Paths, 'secrets'>;
  owner: Owner;
  /** What the client passed on of its environment. */
  env: Secrets;
  /** The user's keychain of macOS; by default that of this home, empty on every other host. */
  keychain: () => Promise<Secrets>;
}

/** For `readCredentials`. */
export const getKeychain = (homeLabel: string) => () => readKeychain({ homeLabel });

/**
 * The credentials for one sandbox: from the request's environment, over the keychain, over `secrets.env`. What is read here
 * is what ships. Throws ProblemError `credentials-invalid`, in words that hold no part of a value.
 *
 * This is the one place where credentials enter a sandbox; whoever moves them out of it (a gateway) changes what this
 * gives, not those who call it.
 */
export async function readCredentials({
  paths,
  owner,
  env,
  keychain,
}: ReadCredentialsOptions): Promise<Credentials> {
  const fromEnv: Given = { from: 'the environment', values: pickKnown(env) };
  const [inKeychain, inFile] = await Promise.all([keychain(), readSecretsFile(paths.secrets, owner)]);
  const sources = [fromEnv, { from: KEYCHAIN, values: inKeychain }, { from: paths.secrets, values: inFile }];
  for (const source of sources) refuseUnprintable(source);
  const anthropic = chooseAnthropic(sources);
  const github = chooseGithub(sources);
  return {
    practice: anthropic === undefined,
    model: sources.map(({ values }) => values.ANTHROPIC_MODEL).find((model) => model !== undefined),
    variables: { ...anthropic, ...github },
  };
}

function pickKnown(env: Secrets): Secrets {
  const values: Secrets = {};
  for (const name of PASSED_ENV) {
    const value = env[name]?.trim();
    if (value) values[name] = value;
  }
  return values;
}

/** gh reads GH_TOKEN, actions and MCP servers the others: whichever was given stands under all three names. */
function chooseGithub(sources: Given[]): Record<string, string> {
  for (const { values } of sources) {
    // gh's own order (gh help environment).
    const token = GITHUB_NAMES.map((name) => values[name]).find((value) => value !== undefined);
    if (token !== undefined) return Object.fromEntries(GITHUB_NAMES.map((name) => [name, token]));
  }
  return {};
}

function refuseUnprintable({ from, values }: Given): void {
  for (const [name, value] of Object.entries(values)) {
    // Newlines would end a header or a line of the file, and no token has any other control character either.
    if (!/\p{Cc}/u.test(value)) continue;
    throw new ProblemError({
      code: 'credentials-invalid',
      message: `the value of ${name} in ${from} holds a control character`,
      why: 'a token is one line; this one may have been pasted with its line end',
      fix: `set ${name} again`,
    });
  }
}

/** The file of the credentials inside: `KEY='value'` lines for a shell. */
export function renderSecrets(credentials: Credentials): string {
  return renderEnvFile(credentials.variables);
}

/**
 * Variables as lines that a POSIX shell sources to exactly these values: single quotes, in which only the quote itself
 * means anything. Throws TypeError, without the value, for what no line can hold.
 */
export function renderEnvFile(variables: Record<string, string>): string {
  let text = '';
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError('not a name of a variable');
    if (/[\0\n\r]/.test(value)) throw new TypeError(`the value of ${name} is more than one line`);
    text += `${name}='${value.replaceAll("'", "'\\''")}'\n`;
  }
  return text;
}
