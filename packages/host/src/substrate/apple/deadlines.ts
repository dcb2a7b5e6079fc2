/** How long each kind of command may take, in milliseconds, before it counts as hanging. */
export interface Deadlines {
  /** Reading state. The service's own ping of its parts takes 10 s where they do not answer. */
  query: number;
  /** Making and starting: the first start on a host fetches the guest's kernel and first program. */
  change: number;
  /** Until a machine that runs has an address. */
  network: number;
  remove: number;
  build: number;
  /** A connection to a machine's port. */
  dial: number;
}

export const DEADLINES: Deadlines = {
  query: 15_000,
  change: 120_000,
  network: 60_000,
  remove: 60_000,
  build: 30 * 60_000,
  dial: 5000,
};
