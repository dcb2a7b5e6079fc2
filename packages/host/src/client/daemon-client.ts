import {
  DaemonStatus,
  DownResponse,
  FetchResponse,
  ImageBuildEvent,
  type ImageBuildRequest,
  ListResponse,
  RemoveResponse,
  ResolverResponse,
  StopResponse,
  UpEvent,
  type UpRequest,
} from '@cspace/protocol/daemon-api';
import type { SandboxRef } from '@cspace/protocol/names';
import { PortsResponse } from '@cspace/protocol/ports';
import { SandboxStatus } from '@cspace/protocol/sandbox';
import { InterruptResponse, SendResponse } from '@cspace/protocol/supervisor-api';
import { getPaths } from '../system/paths.ts';
import { createHostEvents } from './host-events.ts';
import { type RequestOptions, requestEvents, requestJson } from './http.ts';
import { getPath, type SandboxApi } from './sandbox-api.ts';

/** The daemon's API as functions. Every one throws ProblemError with what the daemon said. */
export interface DaemonClient extends SandboxApi {
  readonly socket: string;
  status(): Promise<DaemonStatus>;
  ports(ref: SandboxRef): Promise<PortsResponse>;
  /** Leaving the iteration early, or the signal, takes the `up` back. */
  up(body: UpRequest): AsyncIterable<UpEvent>;
  down(ref: SandboxRef): Promise<DownResponse>;
  remove(ref: SandboxRef, force: boolean): Promise<RemoveResponse>;
  interrupt(ref: SandboxRef): Promise<InterruptResponse>;
  fetch(ref: SandboxRef): Promise<FetchResponse>;
  buildImage(body: ImageBuildRequest): AsyncIterable<ImageBuildEvent>;
  /** The daemon looks again what is installed for the host's resolver. */
  refreshResolver(): Promise<ResolverResponse>;
  stop(): Promise<StopResponse>;
}

/** A client of the daemon of a home; the signal ends whatever it is waiting for. */
export function createDaemonClient(home: string, signal?: AbortSignal): DaemonClient {
  const paths = getPaths(home);
  const { socket } = paths;
  const withSignal = (options: RequestOptions) => ({
    ...options,
    ...(signal === undefined ? {} : { signal }),
  });
  const get = { method: 'GET' } as const;
  const post = (body: unknown = {}) => withSignal({ method: 'POST', body });
  return {
    socket,
    status: () => requestJson(socket, '/status', { ...withSignal(get), schema: DaemonStatus }),
    list: () => requestJson(socket, '/sandboxes', { ...withSignal(get), schema: ListResponse }),
    get: (ref) => requestJson(socket, getPath(ref), { ...withSignal(get), schema: SandboxStatus }),
    ports: (ref) =>
      requestJson(socket, `${getPath(ref)}/ports`, { ...withSignal(get), schema: PortsResponse }),
    up: (body) => requestEvents(socket, '/up', { ...post(body), schema: UpEvent }),
    down: (ref) => requestJson(socket, `${getPath(ref)}/down`, { ...post(), schema: DownResponse }),
    remove: (ref, force) =>
      requestJson(socket, `${getPath(ref)}${force ? '?force=1' : ''}`, {
        ...withSignal({ method: 'DELETE' }),
        schema: RemoveResponse,
      }),
    events: (ref) => createHostEvents(paths.events(ref)),
    send: (ref, body) =>
      requestJson(socket, `${getPath(ref)}/turns`, { ...post(body), schema: SendResponse }),
    interrupt: (ref) =>
      requestJson(socket, `${getPath(ref)}/interrupt`, { ...post(), schema: InterruptResponse }),
    fetch: (ref) => requestJson(socket, `${getPath(ref)}/fetch`, { ...post(), schema: FetchResponse }),
    buildImage: (body) => requestEvents(socket, '/image/build', { ...post(body), schema: ImageBuildEvent }),
    refreshResolver: () => requestJson(socket, '/resolver', { ...post(), schema: ResolverResponse }),
    stop: () => requestJson(socket, '/stop', { ...post(), schema: StopResponse }),
  };
}
