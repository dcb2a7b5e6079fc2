import { createHash } from 'node:crypto';

/** A refusal of the API (docs.claude.com, "Errors"). */
export interface ApiError {
  status: number;
  message: string;
}

const TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** The refusal in the API's own shape; `api_error` is its type where the API has no other for the status. */
export function toErrorResponse({ status, message }: ApiError, seed: string): Response {
  const requestId = `req_${seed}`;
  const error = { type: TYPES[status] ?? 'api_error', message };
  const body = { type: 'error', error, request_id: requestId };
  return Response.json(body, { status, headers: { 'request-id': requestId } });
}

/** What ids are made of. They follow from the request: the same one has the same answer, byte for byte. */
export const getSeed = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 22);
