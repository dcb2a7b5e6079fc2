import { ProblemError } from '@cspace/protocol/problem';
import { createPortTakenProblem } from '../../network/port-taken.ts';
import type { House } from '../../sandbox/house.ts';
import { endWith, type OpenRequests } from '../open-requests.ts';
import type { Audience, Listener, Service } from '../service.ts';
import { getRefusal } from './admission.ts';
import { type Api, createApi } from './api.ts';
import { type Caller, getBearer, identifyHost, identifySandbox } from './callers.ts';
import { type HostToken, openHostToken } from './host-token.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import {
  createModelApi,
  type FetchHandler,
  getModelKey,
  isModelPath,
  type ModelApi,
  refuseModel,
} from './model-api.ts';
import { narrowProblem } from './narrow.ts';
import { respondProblem } from './respond.ts';
import { createSlots, type Slots } from './slots.ts';
import { type Asked, listenOnTcp } from './tcp-server.ts';

export interface HttpServiceOptions {
  house: House;
  port: number;
  /** Answers under `/model` on the gateway, with that prefix taken off. */
  practiceModel: FetchHandler;
  /** What is under way: the daemon stays for it. */
  requests: OpenRequests;
  /** The daemon is leaving. */
  signal: AbortSignal;
  limits?: HttpLimits;
}

/** HTTP for the host's programs on 127.0.0.1, and for sandboxes on the gateway. */
export function createHttpService(options: HttpServiceOptions): Service {
  const { house, port, practiceModel, signal, limits = HTTP_LIMITS } = options;
  const answerer: Answerer = {
    ...options,
    api: createApi({ house, streams: createSlots('streams', limits.streams), signal }),
    model: createModelApi({
      practiceModel,
      log: house.log,
      slots: createSlots('conversations', limits.conversations),
    }),
    slots: createSlots('requests', limits.requests),
    hostToken: openHostToken(house.paths.httpToken, house.owner),
  };
  return {
    name: 'http',
    async listen({ address, audience }): Promise<Listener> {
      // So that it is there for whoever wants to ask.
      if (audience === 'host') await answerer.hostToken.get();
      const answer = (asked: Asked) => answerAt(answerer, { address, audience, port }, asked);
      try {
        return await listenOnTcp({ address, port, limits: limits.tcp, answer });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        throw await createPortTakenProblem({ protocol: 'tcp', address, port, key: 'http' });
      }
    },
  };
}

interface Answerer extends Pick<HttpServiceOptions, 'house' | 'requests' | 'signal'> {
  api: Api;
  model: ModelApi;
  slots: Slots;
  hostToken: HostToken;
}

interface At {
  address: string;
  audience: Audience;
  port: number;
}

/** The answer to one request. Never rejects: what strangers send must not reach the daemon's own end. */
async function answerAt(options: Answerer, at: At, asked: Asked): Promise<Response> {
  const { house } = options;
  const isModel = at.audience === 'sandboxes' && isModelPath(asked.incoming.target);
  try {
    const refusal = getRefusal(asked.incoming, at);
    if (refusal) throw new ProblemError(refusal);
    const request = asked.toRequest();
    const caller = await identify(options, at, { request, peer: asked.peer, isModel });
    if (options.signal.aborted) throw new ProblemError(LEAVING);
    const release = options.slots.take(caller.name);
    const end = options.requests.begin();
    const done = () => {
      release();
      end();
    };
    try {
      const answer = isModel ? options.model(request, caller.name) : options.api(request, caller);
      return endWith(await answer, done);
    } catch (error) {
      done();
      throw error;
    }
  } catch (error) {
    const response = respondProblem(error, house.log, (problem) => narrowProblem(problem, at.audience));
    return isModel ? toModelError(error, response.status) : response;
  }
}

const LEAVING = {
  code: 'daemon-unreachable',
  message: 'the daemon is leaving',
  fix: 'ask again in a moment',
} as const;

async function identify(
  { house, hostToken }: Answerer,
  { audience }: At,
  { request, peer, isModel }: { request: Request; peer: string | undefined; isModel: boolean },
): Promise<Caller> {
  const { headers } = request;
  if (audience === 'host') return identifyHost(headers, hostToken, house.paths.httpToken);
  return isModel
    ? identifySandbox(house, { peer, token: getModelKey(headers), what: 'model' })
    : identifySandbox(house, { peer, token: getBearer(headers), what: 'api' });
}

function toModelError(error: unknown, status: number): Response {
  const type = status === 401 ? 'authentication_error' : status === 429 ? 'rate_limit_error' : 'api_error';
  return refuseModel(status, type, error instanceof ProblemError ? error.message : 'the daemon failed');
}
