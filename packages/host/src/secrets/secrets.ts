import type { PASSED_ENV } from '@cspace/protocol/daemon-api';

export type CredentialName = (typeof PASSED_ENV)[number];

/** Values of credentials, by the names of their variables. None of them ever goes into a message, an event or a log. */
export type Secrets = Partial<Record<CredentialName, string>>;
