/** The first digits of a SHA-256. By Bun, since `node:crypto` takes as long to load as all else of a command. */
export const getDigest = (text: string): string =>
  new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 10);
