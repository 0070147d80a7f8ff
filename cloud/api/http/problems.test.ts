import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../contract/problem.ts';
import { bearer, openTestApi, type TestApi } from '../api.fixture.ts';
import { MAX_BODY_BYTES } from '../server.ts';
import { PROBLEMS, type ProblemCode, problem } from './problems.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi({ requestsPerMinute: 60 });
});
afterAll(() => api.close());

describe('the registry of problems', () => {
  it.each(Object.keys(PROBLEMS) as ProblemCode[])('%s says what happened and what to do', (code) => {
    const answer = problemSchema.parse(problem(code, 'about this'));
    expect(answer.code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(answer.type).toBe(`urn:tallyport:problem:${code}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.title).not.toMatch(/\.$/);
    expect(answer.advice).toMatch(/\.$/);
  });
});

type Request = {
  method?: 'GET' | 'POST';
  url: string;
  payload?: string | object;
  headers?: Record<string, string>;
};
const json = { 'content-type': 'application/json' };
const cases: [code: ProblemCode, request: Request, detail: string | RegExp][] = [
  ['no_such_route', { url: '/api/v1/nothing' }, 'GET /api/v1/nothing'],
  ['no_such_route', { method: 'POST', url: '/api/v1/stock' }, 'POST /api/v1/stock'],
  ['invalid_request', { url: '/api/v1/objects?limit=many' }, /^querystring\.limit: .*number/],
  ['invalid_request', { url: '/api/v1/objects?limit=100000' }, /limit.*1000/],
  [
    'invalid_request',
    { method: 'POST', url: '/api/v1/gateways', payload: { id: 'Dock 1' } },
    /^body\.id: expected lower-case/,
  ],
  ['invalid_request', { method: 'POST', url: '/api/v1/gateways', payload: '{"id"', headers: json }, /JSON/],
  [
    'invalid_request',
    { method: 'POST', url: '/api/v1/exceptions/e1/resolve', payload: { reason: ' ' } },
    /^body\.reason/,
  ],
  [
    'invalid_request',
    { url: '/api/v1/samples?readPoint=p&from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z' },
    'from is later than to',
  ],
  [
    'unsupported_media_type',
    { method: 'POST', url: '/api/v1/shipments', payload: '<a/>', headers: { 'content-type': 'text/xml' } },
    /text\/xml|Media Type/,
  ],
  [
    'body_too_large',
    { method: 'POST', url: '/api/v1/gateways', payload: { id: 'x'.repeat(MAX_BODY_BYTES) } },
    /large/,
  ],
  ['object_not_found', { url: '/api/v1/objects/30ff' }, 'no object 30ff'],
  ['object_not_found', { url: '/api/v1/objects/30ff/movements' }, 'no object 30ff'],
  ['shipment_not_found', { url: '/api/v1/shipments/ASN-9' }, 'no shipment ASN-9'],
  ['shipment_not_found', { method: 'POST', url: '/api/v1/shipments/ASN-9/close' }, 'no shipment ASN-9'],
  ['invalid_shipments', { method: 'POST', url: '/api/v1/shipments', payload: { bad: 1 } }, 'line 2: bad'],
  [
    'exception_not_found',
    { method: 'POST', url: '/api/v1/exceptions/e9/acknowledge' },
    'exception e9 is not known',
  ],
  [
    'hold_not_found',
    { method: 'POST', url: '/api/v1/holds/release', payload: { exceptionId: 'e9', reason: 'ok' } },
    /e9/,
  ],
  ['gateway_not_found', { method: 'POST', url: '/api/v1/gateways/nobody/revoke' }, 'no gateway nobody'],
  ['gateway_not_found', { method: 'POST', url: '/api/v1/gateways/nobody/token' }, 'no gateway nobody'],
  ['page_not_built', { url: '/' }, /not built/],
];

describe('an error answer', () => {
  it.each(cases)('is %s for %o', async (code, request, detail) => {
    const answer = await api.app.inject({
      ...request,
      headers: { ...bearer(api.tokens.admin), ...request.headers },
    });
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.json()).toEqual(problem(code, expect.stringMatching(detail)));
    expect(answer.statusCode).toBe(PROBLEMS[code].status);
  });

  it('hides the cause when the fault is ours', async () => {
    const stock = api.ledger.stock;
    api.ledger.stock = () => Promise.reject(new Error('password of the database: hunter2'));
    const answer = await api.app.inject({ url: '/api/v1/stock', headers: bearer(api.tokens.viewer) });
    api.ledger.stock = stock;
    expect(answer.json()).toEqual(problem('internal', 'the request could not be completed'));
  });

  it('is the same for an answer of ours that breaks its own contract', async () => {
    const stock = api.ledger.stock;
    api.ledger.stock = async () => [{ location: 3 } as never];
    const answer = await api.app.inject({ url: '/api/v1/stock', headers: bearer(api.tokens.viewer) });
    api.ledger.stock = stock;
    expect(answer.json()).toEqual(problem('internal', 'the request could not be completed'));
  });

  it('is rate_limited, with the time to wait, for one address that asks too often', async () => {
    const ask = () =>
      api.app.inject({
        url: '/api/v1/status',
        remoteAddress: '192.0.2.7',
        headers: bearer(api.tokens.viewer),
      });
    for (let i = 0; i < 60; i++) expect((await ask()).statusCode).toBe(200);
    const refused = await ask();
    expect(refused.json().code).toBe('rate_limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });
});
