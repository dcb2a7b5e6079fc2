import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { ProblemError } from '@cspace/protocol/problem';
import { type Answer, ask } from './ask.ts';
import { getClientHello, isTlsAnswer } from './client-hello.ts';
import { getHttpRequest, getHttpStatus, isStatusComplete } from './http-question.ts';

/** What a TCP port was found to be. */
export type PortAnswer =
  | { speaks: 'http'; takesName: boolean }
  | { speaks: 'https' }
  | { speaks: 'unknown'; why: string }
  /** The host cannot even connect. */
  | { speaks: null; why: string };

export interface PortToProbe {
  dial(signal: AbortSignal): Promise<Duplex>;
  /** The sandbox's name and address, as they stand in a URL. */
  domain: string;
  address: string;
  port: number;
}

/** A development server may build its page first; one that hangs is not waited for longer. */
const HTTP_TIMEOUT_MS = 2500;
const TLS_TIMEOUT_MS = 1000;
/** How a server says that it does not take the name in the Host header; vite 403, Chrome's DevTools 500. */
const REFUSALS = [400, 403, 421, 500];

/**
 * Finds out what answers, one connection after the other, since some servers serve one at a time. A connection alone says
 * nothing: a wedged server has one too. Never throws but for the signal.
 */
export async function probePort(target: PortToProbe, signal: AbortSignal): Promise<PortAnswer> {
  try {
    const first = await askHttp(target, { path: '/', method: 'HEAD', host: target.domain }, signal);
    if (isTlsAnswer(first.bytes)) return { speaks: 'https' };
    const status = getHttpStatus(first.bytes);
    // Servers of both kinds say 400: those of HTTPS to a request in the clear, those of HTTP to one they do not like.
    if (status !== undefined && status !== 400) return await judgeName(target, status, signal);
    if (await speaksTls(target, signal)) return { speaks: 'https' };
    if (status !== undefined) return await judgeName(target, status, signal);
    return { speaks: 'unknown', why: getSilence(first) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ProblemError)) throw error;
    return { speaks: null, why: error.problem.why ?? error.problem.message };
  }
}

async function speaksTls(target: PortToProbe, signal: AbortSignal): Promise<boolean> {
  const question = {
    send: getClientHello(target.domain, randomBytes(32)),
    isEnough: (bytes: Buffer) => isTlsAnswer(bytes) !== undefined,
    timeoutMs: TLS_TIMEOUT_MS,
  };
  const { bytes } = await ask(target.dial, question, signal);
  return isTlsAnswer(bytes) === true;
}

/** A name that is refused, where the address is not, is no name to hand out. */
async function judgeName(target: PortToProbe, status: number, signal: AbortSignal): Promise<PortAnswer> {
  if (!REFUSALS.includes(status)) return { speaks: 'http', takesName: true };
  const { address: host } = target;
  const page = await askHttp(target, { path: '/', method: 'HEAD', host }, signal);
  const byAddress = getHttpStatus(page.bytes);
  if (byAddress !== undefined && byAddress < 400) return { speaks: 'http', takesName: false };
  // Chrome's DevTools port has no page of its own, but this.
  const version = await askHttp(target, { path: '/json/version', method: 'GET', host }, signal);
  return { speaks: 'http', takesName: getHttpStatus(version.bytes) !== 200 };
}

interface HttpQuestion {
  path: string;
  method: 'HEAD' | 'GET';
  host: string;
}

function askHttp(target: PortToProbe, { path, method, host }: HttpQuestion, signal: AbortSignal) {
  const send = getHttpRequest({ path, method, host, port: target.port });
  return ask(target.dial, { send, isEnough: isStatusComplete, timeoutMs: HTTP_TIMEOUT_MS }, signal);
}

function getSilence({ bytes, ended }: Answer): string {
  if (bytes.length > 0) return 'answers, but neither HTTP nor TLS';
  return ended ? 'ends connections without an answer' : 'takes connections, but does not answer';
}
