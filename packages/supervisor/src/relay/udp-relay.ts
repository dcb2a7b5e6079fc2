export interface UdpRelay {
  /** Where packets for the port must go. */
  port: number;
  close(): void;
}

export interface UdpRelayOptions {
  /** The sandbox's own. */
  address: string;
  /** The server's port on 127.0.0.1. */
  port: number;
}

const LOOPBACK = '127.0.0.1';
/** Clients of one server at the same time; beyond it the one that was silent longest is forgotten. */
const MAX_CLIENTS = 256;
/** As conntrack forgets streams of UDP. */
const IDLE_MS = 120_000;
const SWEEP_MS = 30_000;

interface Client {
  socket: Bun.udp.ConnectedSocket<'buffer'>;
  heardAt: number;
}

/** Passes packets on to a server on 127.0.0.1, for each client from a port of its own, by which answers find back. */
export async function startUdpRelay({ address, port }: UdpRelayOptions): Promise<UdpRelay> {
  const clients = new Map<string, Client>();
  const opening = new Set<string>();
  const forget = (key: string) => {
    clients.get(key)?.socket.close();
    clients.delete(key);
  };

  async function openClient(key: string, toClient: (data: Buffer) => void): Promise<Client | undefined> {
    // Packets that come meanwhile are lost, as UDP's may be.
    if (opening.has(key)) return undefined;
    opening.add(key);
    try {
      const socket = await Bun.udpSocket({
        connect: { hostname: LOOPBACK, port },
        socket: { data: (_, data) => toClient(data), error: () => forget(key) },
      });
      const [oldest] = clients.keys();
      if (clients.size >= MAX_CLIENTS && oldest !== undefined) forget(oldest);
      return { socket, heardAt: 0 };
    } catch {
      return undefined; // out of descriptors: as if the packet had been lost
    } finally {
      opening.delete(key);
    }
  }

  const front = await Bun.udpSocket({
    hostname: address,
    port: 0,
    socket: {
      async data(front, data, clientPort, clientAddress) {
        const key = `${clientAddress}:${clientPort}`;
        const client =
          clients.get(key) ??
          (await openClient(key, (answer) => trySend(() => front.send(answer, clientPort, clientAddress))));
        if (!client) return;
        client.heardAt = performance.now();
        // Last in the map is who was heard last.
        clients.delete(key);
        clients.set(key, client);
        trySend(() => client.socket.send(data));
      },
    },
  });
  const sweeping = setInterval(() => {
    const since = performance.now() - IDLE_MS;
    for (const [key, client] of clients) if (client.heardAt < since) forget(key);
  }, SWEEP_MS);
  return {
    port: front.port,
    close() {
      clearInterval(sweeping);
      front.close();
      for (const key of [...clients.keys()]) forget(key);
    },
  };
}

/** The kernel tells of a refusal, or of a client that is gone, at the next packet: that one is lost, no more. */
function trySend(send: () => boolean): void {
  try {
    send();
  } catch {}
}
