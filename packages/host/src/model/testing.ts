import { createPracticeModel, type PracticeModelOptions } from './practice-model.ts';

export interface RecordedRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: Record<string, string>;
  /** The parsed body; its text where it is not JSON, null where there is none. */
  body: unknown;
}

export interface ScriptedModel {
  /** Base URL without a slash at its end, for ANTHROPIC_BASE_URL. */
  url: string;
  /** Every request so far, in order. */
  requests: RecordedRequest[];
  /** Cuts every open stream and frees the port. */
  close(): Promise<void>;
}

export interface ScriptedModelOptions extends PracticeModelOptions {
  /** The address to listen on; 127.0.0.1 by default. */
  hostname?: string;
}

/** The practice model with its scripts on a free port: for tests. */
export async function startScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const hostname = options.hostname ?? '127.0.0.1';
  const requests: RecordedRequest[] = [];
  const model = createPracticeModel({ scripts: true, ...options });
  const server = Bun.serve({
    hostname,
    port: 0,
    idleTimeout: 0,
    maxRequestBodySize: 64 * 1024 * 1024,
    async fetch(request) {
      const copy = request.clone() as Request;
      requests.push(await record(copy));
      return model(request);
    },
  });
  return {
    url: `http://${hostname}:${server.port}`,
    requests,
    close: () => server.stop(true),
  };
}

async function record(request: Request): Promise<RecordedRequest> {
  const { pathname, search } = new URL(request.url);
  const text = await request.text();
  return {
    method: request.method,
    path: pathname + search,
    headers: Object.fromEntries(request.headers),
    body: text === '' ? null : parse(text),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
