/** What one connection, and one peer, may cost. Times in milliseconds. */
export interface TcpLimits {
  /** Connections open at the same time, from one address and from all. */
  perPeer: number;
  total: number;
  /** For the first bytes to the end of the headers, and between two requests. */
  headersMs: number;
  /** From the headers to the end of the body. */
  bodyMs: number;
  /** How long a reader may take nothing of an answer that waits for it. */
  stallMs: number;
}

/** How many may be under way at the same time, of one caller and of all. */
export interface SlotLimits {
  perCaller: number;
  total: number;
}

export interface HttpLimits {
  tcp: TcpLimits;
  /** All that is asked, the model and streams among it. */
  requests: SlotLimits;
  /** Streams that follow events: each watches a folder for as long as it lasts. */
  streams: SlotLimits;
  /** Requests to the practice model that are being read: each may hold a whole conversation. */
  conversations: SlotLimits;
}

export const HTTP_LIMITS: HttpLimits = {
  tcp: { perPeer: 64, total: 2048, headersMs: 10_000, bodyMs: 30_000, stallMs: 60_000 },
  requests: { perCaller: 32, total: 512 },
  streams: { perCaller: 8, total: 64 },
  conversations: { perCaller: 4, total: 64 },
};

/** Bytes of the request line and the headers together. */
export const MAX_HEADER_BYTES = 16 * 1024;
