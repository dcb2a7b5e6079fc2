import { randomBytes } from 'node:crypto';

/** Users of the host that nobody is (adduser(8) gives 1000 to 59999), behind those of podman's sandboxes. */
export const UID_BASE = 296_608;
/** Of the id, the digits that make the user. */
const UID_DIGITS = 4;

export const MACHINE_ID = /^[0-9a-f]{12}$/;

/** The user that a machine's QEMU is: by its id, so that another machine's is another one where the ids differ there. */
export function getMachineUid(id: string): number {
  return UID_BASE + Number.parseInt(id.slice(0, UID_DIGITS), 16);
}

/** A new id whose user is none of those of the ids given: of all machines on this host, whichever home has them. */
export function pickMachineId(
  taken: readonly string[],
  random: () => string = () => randomBytes(6).toString('hex'),
): string {
  const users = new Set(taken.map(getMachineUid));
  if (users.size >= 16 ** UID_DIGITS) throw new RangeError('more machines than users for them');
  for (;;) {
    const id = random();
    if (!users.has(getMachineUid(id))) return id;
  }
}
