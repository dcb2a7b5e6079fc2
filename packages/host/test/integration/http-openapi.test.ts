import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import { getDocument } from '../../src/daemon/http/openapi.ts';
import { COMMON_PROBLEMS, ROUTES } from '../../src/daemon/http/routes.ts';
import { type FakeSupervisor, startFakeSupervisor } from '../support/fake-house.ts';
import {
  AT,
  createHttpSandboxes,
  getEventLine,
  type HttpSandboxes,
  post,
} from '../support/http-sandboxes.ts';
import type { Answer } from '../support/raw-http.ts';

interface Media {
  schema: object;
}
interface Operation {
  operationId: string;
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content: Record<string, Media> }>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
}

const document = getDocument() as unknown as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
);

let all: HttpSandboxes;
let supervisor: FakeSupervisor;
beforeAll(async () => {
  all = await createHttpSandboxes();
  supervisor = startFakeSupervisor(AT.mercury, all.tokens.mercury.supervisor);
  await all.fake.write('shop/mercury', getEventLine(1, 'one') + getEventLine(2, 'two'));
});
afterAll(async () => {
  await supervisor[Symbol.asyncDispose]();
  await all[Symbol.asyncDispose]();
});

/** What a value breaks of a schema of the document. */
function validate(schema: object, value: unknown): unknown {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const check = ajv.compile({ ...schema, components: (document as { components?: object }).components });
  return check(value) ? [] : check.errors;
}

/** What an answer breaks of the document, by its operation and status. */
function check(operationId: string, { status, text, headers }: Answer): unknown {
  const found = operations.find((operation) => operation.operationId === operationId);
  const type = headers['content-type']?.split(';')[0] ?? '';
  const schema = found?.responses[String(status)]?.content[type]?.schema;
  if (!schema) return `${operationId} has no ${status} of ${type}`;
  const values = type === 'application/x-ndjson' ? text.trimEnd().split('\n') : [text];
  return values.flatMap((value) => validate(schema, JSON.parse(value)));
}

test('the document is one of OpenAPI 3.1, by somebody else’s word', async () => {
  const validator = new Validator();
  const spec = structuredClone(document) as unknown as Parameters<typeof validator.validate>[0];
  expect(await validator.validate(spec)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('every route that is registered is in the document, and the other way round', () => {
  const registered = Object.entries(ROUTES).map(([operationId, { method, path }]) => [
    operationId,
    method,
    path.replaceAll(/:(\w+)/g, '{$1}'),
  ]);
  const documented = operations.map(({ operationId, method, path }) => [operationId, method, path]);
  expect(documented).toEqual(registered);
});

test('what is served is the document', async () => {
  expect(JSON.parse((await all.askAs('mercury', '/openapi.json')).text)).toEqual(document);
});

const ONE = '/sandboxes/shop/mercury';

describe('answers as they come', () => {
  test.each([
    ['getVersion', '/version', {}, 200],
    ['getDocument', '/openapi.json', {}, 200],
    ['listSandboxes', '/sandboxes', {}, 200],
    ['getSandbox', ONE, {}, 200],
    ['getSandbox', '/sandboxes/shop/mars', {}, 200],
    ['getSandbox', '/sandboxes/shop/pluto', {}, 404],
    ['sendTurn', `${ONE}/turns`, post('hi'), 202],
    ['sendTurn', `${ONE}/turns`, { method: 'POST', body: '{}' }, 400],
    ['sendTurn', `${ONE}/turns`, post('x'.repeat(3 * 1024 * 1024)), 413],
    ['sendTurn', '/sandboxes/shop/mars/turns', post('hi'), 409],
    ['sendTurn', '/sandboxes/shop/venus/turns', post('hi'), 502],
    ['readEvents', `${ONE}/events`, {}, 200],
    ['readEvents', `${ONE}/events?after=x`, {}, 400],
    ['readEvents', '/sandboxes/shop/pluto/events', {}, 404],
    ['listSandboxes', '/sandboxes', { token: 'x' }, 401],
    ['listSandboxes', '/sandboxes', { headers: { origin: 'http://evil.example' } }, 403],
    ['listSandboxes', '/sandboxes', { method: 'DELETE' }, 405],
    ['listSandboxes', '/sandboxes', { headers: { host: 'evil.example' } }, 421],
  ] as const)('%s %s %j: to both, as the document says (%d)', async (operationId, path, options, status) => {
    for (const answer of [await all.askAs('mercury', path, options), await all.askAsHost(path, options)]) {
      expect([answer.status, check(operationId, answer)]).toEqual([status, []]);
    }
  });

  test('what the document does not say would be seen', async () => {
    const answer = await all.askAs('mercury', ONE);
    const changed = { ...answer, text: JSON.stringify({ ...JSON.parse(answer.text), token: 'x' }) };
    expect(check('getSandbox', changed)).not.toEqual([]);
  });

  test('every operation says what all of them may answer', () => {
    for (const { operationId, responses } of operations) {
      const told = Object.values(responses).map(({ description }) => description);
      const codes = COMMON_PROBLEMS.filter((code) => !told.some((text) => text.split(', ').includes(code)));
      expect([operationId, codes]).toEqual([operationId, []]);
    }
  });
});
