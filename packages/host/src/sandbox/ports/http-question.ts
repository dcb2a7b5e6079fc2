/** One request with an end to its connection. */
export function getHttpRequest(options: {
  method: 'HEAD' | 'GET';
  path: string;
  host: string;
  port: number;
}): Buffer {
  const { method, path, host, port } = options;
  const authority = port === 80 ? host : `${host}:${port}`;
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${authority}`,
    'User-Agent: cspace',
    'Accept: */*',
    'Connection: close',
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

const LONGEST_STATUS = 16;

/** The status is there, or it never will be: what came is no HTTP. */
export function isStatusComplete(bytes: Buffer): boolean {
  return bytes.length >= LONGEST_STATUS || getHttpStatus(bytes) !== undefined || !mayBeHttp(bytes);
}

/** The status of an HTTP/1 answer (RFC 9112, 4); undefined where it is none. */
export function getHttpStatus(bytes: Buffer): number | undefined {
  const [, status] = /^HTTP\/1\.\d (\d{3})/.exec(bytes.toString('latin1', 0, LONGEST_STATUS)) ?? [];
  return status === undefined ? undefined : Number(status);
}

function mayBeHttp(bytes: Buffer): boolean {
  return 'HTTP/1.'.startsWith(bytes.toString('latin1', 0, 7));
}
