import { formatRef } from '@cspace/protocol/names';
import type { SandboxRecord } from '../../registry/record.ts';
import type { House } from '../../sandbox/house.ts';
import { isToken } from '../../sandbox/tokens.ts';

export type FetchHandler = (request: Request) => Promise<Response>;

export interface GatewayOptions {
  house: House;
  /** Answers under `/model`, with that prefix taken off. */
  practiceModel: FetchHandler;
}

/**
 * What sandboxes may ask on the gateway's address: the practice model. A caller is known by its address, which only one
 * sandbox has, and has to show that sandbox's own token.
 */
export function createGateway({ house, practiceModel }: GatewayOptions) {
  return async (request: Request, peer: string | undefined): Promise<Response> => {
    const url = new URL(request.url);
    if (!url.pathname.startsWith('/model/')) return refuse(404, 'not_found_error', 'there is nothing here');
    const record = findCaller(house, peer);
    const tokens = record && (await house.tokens.get(record));
    if (!record || !tokens || !isToken(getKey(request), tokens.model)) {
      house.log.info('refused at the gateway', { peer: peer ?? 'unknown' });
      return refuse(401, 'authentication_error', 'this is not the token of this sandbox');
    }
    url.pathname = url.pathname.slice('/model'.length);
    try {
      return await practiceModel(new Request(url.href, request));
    } catch (error) {
      house.log.error('practice model', { sandbox: formatRef(record), error: String(error) });
      return refuse(500, 'api_error', 'the practice model failed');
    }
  };
}

function findCaller(house: House, peer: string | undefined): SandboxRecord | undefined {
  return house.registry
    .list()
    .find((record) => record.address === peer && (record.state === 'running' || record.state === 'starting'));
}

function getKey(request: Request): string | undefined {
  return (
    request.headers.get('x-api-key') ??
    request.headers.get('authorization')?.replace(/^Bearer /, '') ??
    undefined
  );
}

/** The Messages API's form of an error, so that Claude Code shows its text. */
function refuse(status: number, type: string, message: string): Response {
  return Response.json({ type: 'error', error: { type, message } }, { status });
}
