import { createHash, timingSafeEqual } from 'node:crypto';

export interface GitHttpServerOptions {
  /** The folder of the bare repositories: `acme/shop.git` in it is served at `/acme/shop.git`. */
  root: string;
  hostname: string;
  /** 0 for a free one. */
  port: number;
  /** PEM; without it the server speaks plain HTTP. */
  tls?: { key: string; cert: string };
  /** What git has to give as its password, under the user name x-access-token. */
  token: string;
  /** Answers what is not a path of git's. */
  fallback?: (request: Request) => Response | Promise<Response>;
}

export interface GitHttpServer {
  port: number;
  /** `METHOD host/path STATUS`, in order. */
  requests: string[];
  close(): Promise<void>;
}

const GIT_PATH = /^\/[^?]+\.git\/(?:info\/refs|git-upload-pack|git-receive-pack)$/;
const BACKEND_TIMEOUT_MS = 30_000;

/** GitHub as git sees it: smart HTTP (git-http-backend(1)) behind basic authentication. For tests. */
export function startGitHttpServer(options: GitHttpServerOptions): GitHttpServer {
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: options.hostname,
    port: options.port,
    ...(options.tls ? { tls: options.tls } : {}),
    async fetch(request) {
      const response = await answer(request, options);
      const { pathname } = new URL(request.url);
      requests.push(`${request.method} ${request.headers.get('host')}${pathname} ${response.status}`);
      return response;
    },
  });
  return { port: server.port ?? options.port, requests, close: () => server.stop(true) };
}

async function answer(request: Request, options: GitHttpServerOptions): Promise<Response> {
  if (!GIT_PATH.test(new URL(request.url).pathname)) {
    return (await options.fallback?.(request)) ?? new Response('not found', { status: 404 });
  }
  const expected = `Basic ${Buffer.from(`x-access-token:${options.token}`).toString('base64')}`;
  if (!isSame(request.headers.get('authorization') ?? '', expected)) {
    const headers = { 'WWW-Authenticate': 'Basic realm="GitHub"' };
    return new Response('Requires authentication', { status: 401, headers });
  }
  return runBackend(request, options.root);
}

function isSame(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

/** One CGI call (RFC 3875): the request as environment and stdin, the response on stdout. */
async function runBackend(request: Request, root: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = new Uint8Array(await request.arrayBuffer());
  const header = (name: string) => request.headers.get(name) ?? '';
  const child = Bun.spawn(['git', 'http-backend'], {
    env: {
      PATH: process.env.PATH ?? '',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      // Whose repositories these are is no matter here.
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_PROTOCOL: header('git-protocol'),
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      REMOTE_ADDR: '127.0.0.1',
      // It takes pushes from those who have a name only.
      REMOTE_USER: 'x-access-token',
    },
    stdin: body,
    stdout: 'pipe',
    stderr: 'inherit',
    timeout: BACKEND_TIMEOUT_MS,
  });
  const output = new Uint8Array(await new Response(child.stdout).arrayBuffer());
  await child.exited;
  return parseCgi(output);
}

function parseCgi(output: Uint8Array): Response {
  const end = Buffer.from(output).indexOf('\r\n\r\n');
  if (end < 0) return new Response('git http-backend gave no answer', { status: 500 });
  const headers = new Headers();
  let status = 200;
  for (const line of new TextDecoder().decode(output.subarray(0, end)).split('\r\n')) {
    const colon = line.indexOf(':');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else headers.append(name, value);
  }
  return new Response(output.subarray(end + 4), { status, headers });
}
