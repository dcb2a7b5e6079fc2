import { createServer, type Server } from 'node:net';

/** In the abstract namespace (unix(7)): gone with its process, however that ends, and no file is left. */
const NAME = '\0cspace-gate';
const POLL_MS = 1000;

/**
 * Waits until no other gate is at work on this machine: two at once would find each other's things, and take machines'
 * names from each other. `onWait` is called once where there is a wait. Gives back how to end the turn. Throws the
 * signal's reason.
 */
export async function takeTurn(
  onWait: () => void,
  signal: AbortSignal,
  name = NAME,
): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    signal.throwIfAborted();
    const server = await tryListen(name);
    if (server) return () => new Promise((resolve) => server.close(() => resolve()));
    if (!told) onWait();
    await Bun.sleep(POLL_MS);
  }
}

function tryListen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}
