import { ListResponse } from '@cspace/protocol/daemon-api';
import { ApiVersion, EventsQuery } from '@cspace/protocol/http-api';
import type { ProblemCode } from '@cspace/protocol/problem';
import { SandboxStatus } from '@cspace/protocol/sandbox';
import { SendRequest, SendResponse } from '@cspace/protocol/supervisor-api';
import { z } from 'zod';
import { EventSchema } from './event-schema.ts';

/** One route: what the app registers, and what the OpenAPI document says of it. */
export interface Route {
  method: 'get' | 'post';
  /** With parameters as `:name`. */
  path: string;
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodType;
  status: 200 | 202;
  answer: z.ZodType;
  /** One value a line, for as long as it lasts. */
  isStream?: true;
  /** What it may answer beside those that every route may. */
  problems: readonly ProblemCode[];
}

const ONE = '/sandboxes/:project/:sandbox';

/** What any route may answer instead. */
export const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'usage',
  'unauthorized',
  'foreign-origin',
  'method-not-allowed',
  'wrong-host',
  'too-many-requests',
  'internal',
  'daemon-unreachable',
];

/** All that the daemon answers on its TCP port, besides the model under `/model`. */
export const ROUTES = {
  getVersion: {
    method: 'get',
    path: '/version',
    summary: 'The version of the daemon',
    status: 200,
    answer: ApiVersion,
    problems: [],
  },
  getDocument: {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    status: 200,
    answer: z.looseObject({ openapi: z.string() }),
    problems: [],
  },
  listSandboxes: {
    method: 'get',
    path: '/sandboxes',
    summary: 'All sandboxes: of the home for the host, of its own project for a sandbox',
    status: 200,
    answer: ListResponse,
    problems: [],
  },
  getSandbox: {
    method: 'get',
    path: ONE,
    summary: 'One sandbox, and what its agent is doing',
    status: 200,
    answer: SandboxStatus,
    problems: ['sandbox-not-found'],
  },
  sendTurn: {
    method: 'post',
    path: `${ONE}/turns`,
    summary: 'Give the agent a turn; answers once that is safely written down',
    body: SendRequest,
    status: 202,
    answer: SendResponse,
    problems: [
      'sandbox-not-found',
      'sandbox-not-running',
      'sandbox-broken',
      'turn-conflict',
      'too-large',
      'supervisor-unreachable',
    ],
  },
  readEvents: {
    method: 'get',
    path: `${ONE}/events`,
    summary: 'The events of a sandbox, one JSON a line; they are claims of the sandbox',
    query: EventsQuery,
    status: 200,
    answer: EventSchema,
    isStream: true,
    problems: ['sandbox-not-found'],
  },
} as const satisfies Record<string, Route>;

export type Operation = keyof typeof ROUTES;
