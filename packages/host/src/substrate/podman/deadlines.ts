/** How long each kind of engine command may take, in milliseconds, before it counts as hanging. */
export interface Deadlines {
  /** Reading state. */
  query: number;
  /** Making, initialising, starting: they wait for the store, which a build holds for seconds. */
  change: number;
  /** Removing, with what it waits for. */
  remove: number;
  build: number;
  /** A connection to a machine's port. */
  dial: number;
}

export const DEADLINES: Deadlines = {
  query: 20_000,
  change: 60_000,
  remove: 60_000,
  build: 30 * 60_000,
  dial: 5000,
};
