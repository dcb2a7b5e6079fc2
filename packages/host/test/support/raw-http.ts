import { connect, type Socket } from 'node:net';

export interface RawOptions {
  port: number;
  /** The address of loopback that the client has. */
  from?: string;
  /** How long the other end may take to close. */
  timeoutMs?: number;
}

/** Bytes to a port as they are, and all that came back until the other end closed. */
export async function sendRaw(bytes: string | Uint8Array, options: RawOptions): Promise<string> {
  const raw = await openRaw(options);
  raw.socket.write(bytes);
  return raw.ended;
}

export interface RawConnection {
  socket: Socket;
  /** What came so far. */
  received(): string;
  /** All that came, once the other end has closed or reset. Rejects after the deadline. */
  ended: Promise<string>;
}

export async function openRaw({
  port,
  from = '127.0.0.1',
  timeoutMs = 10_000,
}: RawOptions): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from });
  const chunks: Buffer[] = [];
  const received = () => Buffer.concat(chunks).toString('latin1');
  socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  // A reset is an end like another.
  socket.on('error', () => {});
  const ended = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`not closed within ${timeoutMs} ms; it said: ${received()}`));
    }, timeoutMs);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(received());
    });
  });
  ended.catch(() => {});
  await new Promise<void>((resolve) => {
    socket.once('connect', () => resolve());
    socket.once('close', () => resolve());
  });
  return { socket, received, ended };
}

export interface AskOptions extends RawOptions {
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
}

/** One request on a connection of its own. */
export async function ask(path: string, options: AskOptions): Promise<Answer> {
  return parseAnswer(await sendRaw(formatRequest(path, options), options));
}

export function formatRequest(path: string, options: AskOptions): string {
  const { method = 'GET', token, body, port } = options;
  const headers: Record<string, string> = {
    host: `127.0.0.1:${port}`,
    connection: 'close',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...options.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
}

export function parseAnswer(raw: string): Answer {
  const end = raw.indexOf('\r\n\r\n');
  const [first = '', ...lines] = raw.slice(0, Math.max(0, end)).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const body = end === -1 ? '' : raw.slice(end + 4);
  const text = headers['transfer-encoding'] === 'chunked' ? joinChunks(body) : body;
  return { status: Number(first.split(' ')[1] ?? 0), headers, text };
}

/** RFC 9112, 7.1; what is cut off in its middle is left as far as it came. */
function joinChunks(body: string): string {
  let text = '';
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf('\r\n', at);
    if (line === -1) break;
    const size = Number.parseInt(body.slice(at, line), 16);
    if (!(size > 0)) break;
    text += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return text;
}
