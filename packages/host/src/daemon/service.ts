/** Who asks at an address: programs of the host on 127.0.0.1, sandboxes on the gateway. */
export type Audience = 'host' | 'sandboxes';

export interface Listener {
  /** Ends what is under way, and is resolved when the port is free. */
  close(): Promise<void>;
}

/** Something of the daemon's that answers at an address and a port. */
export interface Service {
  /** For the log. */
  readonly name: string;
  /** Throws `port-taken` that names who has the port. */
  listen(at: { address: string; audience: Audience }): Promise<Listener>;
}

/** Services at one address, all of them or none. */
export interface Listeners {
  /** Listens where it does not yet. Throws what `listen` throws; then nothing listens here. */
  ensure(): Promise<void>;
  close(): Promise<void>;
}

export function createListeners(
  services: readonly Service[],
  at: { address: string; audience: Audience },
): Listeners {
  let open: Listener[] | undefined;
  return {
    async ensure() {
      if (open) return;
      const opened: Listener[] = [];
      try {
        for (const service of services) opened.push(await service.listen(at));
        open = opened;
      } catch (error) {
        await Promise.all(opened.map((listener) => listener.close()));
        throw error;
      }
    },
    async close() {
      const closing = open ?? [];
      open = undefined;
      await Promise.all(closing.map((listener) => listener.close()));
    },
  };
}
