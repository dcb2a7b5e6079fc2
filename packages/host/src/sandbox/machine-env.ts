import { ZONES } from '@cspace/protocol/zones';

/**
 * What every program in a sandbox finds in its environment beyond the image's; nothing secret. Vite refuses names it does
 * not know in the Host header, and adds the one host of this variable (a leading dot: and all below it) to those it knows;
 * versions up to 8.0 split no list, so only the first zone is in it (ADR 30).
 */
export function getMachineEnv(): Record<string, string> {
  return { __VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS: `.${ZONES[0]}` };
}
