/** uint16, big-endian. */
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
/** With its length before it, in two bytes. */
const vector = (...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u16(body.length), body]);
};
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), vector(body)]);

/** TLS 1.3 and what is still met of 1.2 (RFC 8446, appendix B.4; RFC 5289). */
const CIPHERS = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009c, 0x002f];
/** x25519, secp256r1, secp384r1 (RFC 8446, 4.2.7). */
const GROUPS = [0x001d, 0x0017, 0x0018];
/** ECDSA, RSA-PSS, Ed25519 and RSA with SHA-2 (RFC 8446, 4.2.3). */
const SIGNATURES = [0x0403, 0x0503, 0x0804, 0x0805, 0x0806, 0x0807, 0x0401, 0x0501, 0x0601];

/**
 * The first message of a TLS client, and all that we ever send of TLS: whatever the server answers to it, a hello or an
 * alert, says that it speaks TLS. So root runs no TLS library against what a guest sends.
 */
export function getClientHello(serverName: string, random: Uint8Array): Buffer {
  const name = Buffer.from(serverName, 'ascii');
  const extensions = vector(
    extension(0, vector(Buffer.from([0]), vector(name))),
    extension(10, vector(...GROUPS.map(u16))),
    extension(11, Buffer.from([1, 0])),
    extension(13, vector(...SIGNATURES.map(u16))),
    extension(43, Buffer.from([4, 3, 4, 3, 3])),
    // No key yet: a server of TLS 1.3 asks for one (HelloRetryRequest), and that is answer enough.
    extension(51, vector()),
  );
  const body = Buffer.concat([
    u16(0x0303),
    random.subarray(0, 32),
    Buffer.from([0]),
    vector(...CIPHERS.map(u16)),
    Buffer.from([1, 0]),
    extensions,
  ]);
  // A handshake (22) of legacy version 1.0, in it a client hello (1) with a length of three bytes.
  return Buffer.concat([Buffer.from([22, 3, 1]), vector(Buffer.from([1, 0]), vector(body))]);
}

/** A handshake or an alert record of SSL 3 to TLS 1.3: 21 or 22, then 3. Undefined: too few bytes to tell. */
export function isTlsAnswer(bytes: Uint8Array): boolean | undefined {
  const [type, major] = bytes;
  if (type === undefined) return undefined;
  if (type !== 21 && type !== 22) return false;
  return major === undefined ? undefined : major === 3;
}
