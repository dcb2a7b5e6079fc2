import { formatRef, type SandboxRef } from '@cspace/protocol/names';
import type { ListeningPort } from '@cspace/protocol/ports';
import { ProblemError } from '@cspace/protocol/problem';

/** A port that has a URL. */
export type OpenablePort = ListeningPort & { url: string };

const hasUrl = (port: ListeningPort): port is OpenablePort => port.url !== null;

/** The number of a port. Throws `usage`. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new ProblemError({
    code: 'usage',
    message: `${JSON.stringify(text)} is no port`,
    why: 'a port is a number from 1 to 65535',
    fix: 'cspace ports NAME',
  });
}

/** The port that was asked for, whatever it speaks. Throws `not-found`, with what listens. Pure. */
export function findPort(ref: SandboxRef, ports: readonly ListeningPort[], port: number): OpenablePort {
  const found = ports.filter((one) => one.port === port);
  const open = found.find(hasUrl);
  if (open) return open;
  const name = formatRef(ref);
  const [first] = found;
  if (!first) {
    throw new ProblemError({
      code: 'not-found',
      message: `nothing listens on port ${port} of ${name}`,
      why: getListening(ports),
      fix: `cspace ports ${name}`,
    });
  }
  throw new ProblemError({
    code: 'not-found',
    message: first.reachable ? `port ${port} of ${name} is UDP` : `port ${port} of ${name} is not reachable`,
    why: first.reason ?? 'only what is served over TCP has a URL',
    fix: `cspace ports ${name}`,
  });
}

/** Those that speak HTTP: what is opened where no port was named. Throws `not-found` where there is none. Pure. */
export function findWebPorts(ref: SandboxRef, ports: readonly ListeningPort[]): OpenablePort[] {
  const found = ports.filter(hasUrl).filter(({ speaks }) => speaks === 'http' || speaks === 'https');
  if (found.length > 0) return found;
  const name = formatRef(ref);
  throw new ProblemError({
    code: 'not-found',
    message: `nothing in ${name} speaks HTTP`,
    why: getListening(ports),
    fix: `cspace exec ${name} -- python3 -m http.server 8000`,
  });
}

export function getSeveralProblem(ref: SandboxRef, ports: readonly OpenablePort[]): ProblemError {
  const name = formatRef(ref);
  return new ProblemError({
    code: 'usage',
    message: `several ports of ${name} speak HTTP; say which`,
    why: ports.map(describePort).join('\n'),
    fix: `cspace open ${name} ${ports[0]?.port ?? ''}`,
  });
}

/** Several lines at most as many as anybody reads. */
const MAX_LISTED = 10;

function getListening(ports: readonly ListeningPort[]): string {
  if (ports.length === 0) return 'nothing listens there at all';
  const listed = ports.slice(0, MAX_LISTED).map(describePort);
  return `what listens:\n${listed.join('\n')}${ports.length > MAX_LISTED ? '\n…' : ''}`;
}

export function describePort({ port, protocol, process, speaks, reachable }: ListeningPort): string {
  const words = [
    protocol === 'tcp' ? String(port) : `${port}/udp`,
    process ?? '',
    reachable ? (speaks ?? '') : 'not reachable',
  ];
  return words.filter((word) => word !== '' && word !== 'unknown').join(' ');
}
