import { PROBLEMS, Problem, type ProblemCode } from '@cspace/protocol/problem';
import { VERSION } from '@cspace/protocol/version';
import { z } from 'zod';
import { COMMON_PROBLEMS, ROUTES, type Route } from './routes.ts';

const Failure = z.object({ problem: Problem });

type Json = Record<string, unknown>;

/** The OpenAPI document, made of the table that the routes are registered from. */
export function getDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(ROUTES)) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: getOperation(operationId, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'cspace',
      version: VERSION,
      license: { name: 'MIT', identifier: 'MIT' },
      description: DESCRIPTION,
    },
    servers: [{ url: 'http://127.0.0.1:6280', description: 'programs of the host; sandboxes: the gateway' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Failure: toSchema(Failure) },
    },
  };
}

const DESCRIPTION = `The daemon of cspace by HTTP. Programs of the host show the token in \`http.token\` of CSPACE_HOME; a
sandbox shows its own, in \`/run/cspace/api.token\`, from its own address, and sees the sandboxes of its own project only.
What a sandbox is told has no path of the host in it: \`repository\` is null there.`;

function getOperation(operationId: string, route: Route): Json {
  const content = {
    [route.isStream ? 'application/x-ndjson' : 'application/json']: { schema: toSchema(route.answer) },
  };
  return {
    operationId,
    summary: route.summary,
    ...getParameters(route),
    ...(route.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: toSchema(route.body, 'input') } },
      },
    }),
    responses: { [route.status]: { description: 'done', content }, ...getFailures(route.problems) },
  };
}

function getParameters({ path, query }: Route): { parameters?: Json[] } {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { description, ...rest } = toSchema(schema as z.ZodType, 'input');
    return { name, in: 'query', description, schema: rest };
  });
  const parameters = [...inPath, ...inQuery];
  return parameters.length === 0 ? {} : { parameters };
}

/** By status, with the codes that come with it. */
function getFailures(problems: readonly ProblemCode[]): Json {
  const codes = [...COMMON_PROBLEMS, ...problems];
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].http);
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } };
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [status, { description: codes.join(', '), content }]),
  );
}

function toSchema(schema: z.ZodType, io: 'input' | 'output' = 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
