import { getSeed, toErrorResponse } from './api-error.ts';
import { answerCount, answerMessages, type ModelContext } from './messages.ts';
import { createScripts } from './scripts.ts';

export interface PracticeModelOptions {
  /** Where `write FILE:` puts a relative FILE; /workspace by default. */
  workspace?: string;
  /** Understand `script:` prompts too, which misbehave on purpose, and report tokens: for tests only. */
  scripts?: boolean;
}

export type PracticeModel = (request: Request) => Promise<Response>;

/** The name under which `GET /v1/models` lists it; it answers to every other name as well. */
export const PRACTICE_MODEL = 'cspace-practice';

/**
 * A Messages API that needs no account: `POST /v1/messages` (streamed or not), `POST /v1/messages/count_tokens`,
 * `GET /v1/models`, `/api/hello`. Paths begin at `/v1`; whoever mounts it strips its prefix and checks the caller.
 * Without scripts it is stateless: the conversation is read from each request. It throws for nothing that a request
 * holds.
 */
export function createPracticeModel(options: PracticeModelOptions = {}): PracticeModel {
  const context: ModelContext = {
    workspace: options.workspace ?? '/workspace',
    scripts: options.scripts ? createScripts() : undefined,
  };
  return async (request) => {
    const { pathname } = new URL(request.url);
    const route = `${request.method} ${pathname}`;
    if (route === 'POST /v1/messages') return answerMessages(request, context);
    if (route === 'POST /v1/messages/count_tokens') return answerCount(request);
    if (route === 'GET /v1/models') return Response.json(getModels());
    if (pathname === '/api/hello') return Response.json({ message: 'hello' });
    return toErrorResponse({ status: 404, message: `Not found: ${route.slice(0, 200)}` }, getSeed(route));
  };
}

function getModels() {
  const id = PRACTICE_MODEL;
  const model = {
    type: 'model',
    id,
    display_name: 'Practice model of cspace',
    created_at: '2026-01-01T00:00:00Z',
  };
  return { data: [model], has_more: false, first_id: id, last_id: id };
}
