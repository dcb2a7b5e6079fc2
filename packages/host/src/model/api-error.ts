/** A refusal in the API's own shape (docs.claude.com, "Errors"). */
export interface ApiError {
  status: number;
  message: string;
  /** Sent as `retry-after`, in seconds. */
  retryAfterSeconds?: number;
}

const TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** The API's name for an HTTP status; `api_error` for the rest. */
export function getErrorType(status: number): string {
  return TYPES[status] ?? 'api_error';
}

/** The body of a refusal; also the data of an `error` event in a stream. */
export function getErrorBody(error: ApiError, requestId: string) {
  const { status, message } = error;
  return {
    type: 'error',
    error: { type: getErrorType(status), message },
    request_id: requestId,
  };
}
