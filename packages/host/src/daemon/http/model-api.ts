import { toProblem } from '@cspace/protocol/problem';
import type { Log } from '../../system/log.ts';
import { limitBody } from './respond.ts';
import type { Slots } from './slots.ts';

export type FetchHandler = (request: Request) => Promise<Response>;

/** A conversation is sent whole with every request. */
const MAX_MODEL_BYTES = 16 * 1024 * 1024;
const PREFIX = '/model';

export const isModelPath = (target: string): boolean => target.startsWith(`${PREFIX}/`);

export type ModelApi = (request: Request, sandbox: string) => Promise<Response>;

interface ModelApiOptions {
  practiceModel: FetchHandler;
  log: Log;
  /** Of conversations that are being read, until the answer begins. */
  slots: Slots;
}

/** The practice model under `/model`, with that prefix taken off. The caller has been identified. */
export function createModelApi({ practiceModel, log, slots }: ModelApiOptions): ModelApi {
  return async (request: Request, sandbox: string): Promise<Response> => {
    const url = new URL(request.url);
    url.pathname = url.pathname.slice(PREFIX.length);
    let release = () => {};
    try {
      release = slots.take(sandbox);
      return await practiceModel(await limitBody(request, { url: url.href, maxBytes: MAX_MODEL_BYTES }));
    } catch (error) {
      const problem = toProblem(error);
      if (problem.code === 'too-large') return refuseModel(413, 'request_too_large', problem.message);
      // Claude Code tries again after it.
      if (problem.code === 'too-many-requests') return refuseModel(429, 'rate_limit_error', problem.message);
      log.error('practice model', { sandbox, error: String(error) });
      return refuseModel(500, 'api_error', 'the practice model failed');
    } finally {
      release();
    }
  };
}

/** What Claude Code sends its key in. */
export function getModelKey(headers: Headers): string | undefined {
  return headers.get('x-api-key') ?? headers.get('authorization')?.replace(/^Bearer /, '') ?? undefined;
}

/** The Messages API's form of an error, so that Claude Code shows its text. */
export function refuseModel(status: number, type: string, message: string): Response {
  return Response.json({ type: 'error', error: { type, message } }, { status });
}
