import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Access, mayDo, ROLES } from '../contract/roles.ts';
import { SESSION_SECONDS } from './access/sessions.ts';
import { bearer, openTestApi, TEST_NOW, type TestApi } from './api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

type Method = 'GET' | 'POST' | 'DELETE';
/** Every route and the least role it asks for. */
/** `gateway`: opened by a gateway's token, and by nobody else's. */
const MATRIX: [method: Method, url: string, access: Access | 'gateway'][] = [
  ['GET', '/api/v1/stock', 'viewer'],
  ['GET', '/api/v1/objects', 'viewer'],
  ['GET', '/api/v1/objects/:epc', 'viewer'],
  ['GET', '/api/v1/objects/:epc/movements', 'viewer'],
  ['GET', '/api/v1/events', 'viewer'],
  ['GET', '/api/v1/passes', 'viewer'],
  ['GET', '/api/v1/shipments', 'viewer'],
  ['POST', '/api/v1/shipments', 'inventory'],
  ['GET', '/api/v1/shipments/:id', 'viewer'],
  ['POST', '/api/v1/shipments/:id/close', 'inventory'],
  ['GET', '/api/v1/rooms', 'viewer'],
  ['GET', '/api/v1/samples', 'viewer'],
  ['GET', '/api/v1/exceptions', 'viewer'],
  ['POST', '/api/v1/exceptions/:id/acknowledge', 'operator'],
  ['POST', '/api/v1/exceptions/:id/resolve', 'quality'],
  ['GET', '/api/v1/holds', 'viewer'],
  ['POST', '/api/v1/holds/release', 'quality'],
  ['GET', '/api/v1/gateways', 'viewer'],
  ['POST', '/api/v1/gateways', 'admin'],
  ['POST', '/api/v1/gateways/:id/token', 'admin'],
  ['POST', '/api/v1/gateways/:id/revoke', 'admin'],
  ['POST', '/api/v1/gateways/:id/invitation', 'admin'],
  ['GET', '/api/v1/certificates', 'operator'],
  ['POST', '/link/v1/enroll', 'public'],
  ['POST', '/link/v1/renew', 'gateway'],
  ['GET', '/link/v1/identity', 'gateway'],
  ['GET', '/link/v1/ca.crl', 'public'],
  ['GET', '/api/v1/dead-letters', 'operator'],
  ['GET', '/api/v1/status', 'viewer'],
  ['GET', '/api/v1/stream', 'viewer'],
  ['POST', '/api/v1/session', 'public'],
  ['GET', '/api/v1/session', 'viewer'],
  ['DELETE', '/api/v1/session', 'public'],
  ['GET', '/metrics', 'viewer'],
  ['GET', '/openapi.json', 'public'],
  ['GET', '/healthz', 'public'],
];

describe('who may call what', () => {
  it('is written down here for every route there is', () => {
    const document = api.app.swagger();
    const routes = Object.entries(document.paths ?? {}).flatMap(([url, methods]) =>
      Object.keys(methods ?? {}).map(
        (method) => `${method.toUpperCase()} ${url.replaceAll(/\{(\w+)\}/g, ':$1')}`,
      ),
    );
    expect(routes.toSorted()).toEqual(MATRIX.map(([method, url]) => `${method} ${url}`).toSorted());
  });

  it.each(MATRIX)('%s %s asks for %s', async (method, url, access) => {
    const address = url.replace(/:\w+/, 'some-id');
    const statusFor = async (headers: Record<string, string>) =>
      (await api.app.inject({ method, url: address, headers })).statusCode;
    const anonymous = await statusFor({});
    if (access === 'gateway') {
      // What carries no body that could be one is not even asked who sends it.
      for (const headers of [{}, ...ROLES.map((role) => bearer(api.tokens[role]))]) {
        expect([400, 401]).toContain(await statusFor(headers));
      }
      return;
    }
    if (access === 'public') expect(anonymous).not.toBe(401);
    else expect(anonymous).toBe(401);
    // Whoever is let into the stream stays there: stream.test.ts.
    for (const role of url.endsWith('/stream') ? [] : ROLES) {
      const status = await statusFor(bearer(api.tokens[role]));
      if (mayDo(role, access)) expect(status).not.toBe(403);
      else expect(status).toBe(403);
    }
  });

  it('refuses a token that opens nothing, also beside a good cookie', async () => {
    const cookie = await signIn();
    const answer = await api.app.inject({
      url: '/api/v1/status',
      headers: { ...bearer('stolen'), cookie },
    });
    expect({ status: answer.statusCode, code: answer.json().code }).toEqual({
      status: 401,
      code: 'wrong_token',
    });
  });

  it('stores tokens only as hashes', async () => {
    const rows = await api.db.selectFrom('users').select('token_hash').execute();
    for (const { token_hash } of rows) expect(token_hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

async function signIn(token = api.tokens.operator): Promise<string> {
  const answer = await api.app.inject({ method: 'POST', url: '/api/v1/session', payload: { token } });
  expect(answer.statusCode).toBe(200);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

describe('the session of the page', () => {
  it('gives a cookie that scripts and other sites cannot use, and that is not the token', async () => {
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      payload: { token: api.tokens.operator },
    });
    expect(answer.json()).toEqual({ name: 'the operator', role: 'operator' });
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toContain('; HttpOnly; SameSite=Strict;');
    expect(cookie).not.toContain(api.tokens.operator);
  });

  it('refuses a wrong token', async () => {
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      payload: { token: 'guess' },
    });
    expect({ status: answer.statusCode, code: answer.json().code }).toEqual({
      status: 401,
      code: 'wrong_token',
    });
  });

  it('lets the cookie in with the role of its user', async () => {
    const cookie = await signIn();
    const me = await api.app.inject({ url: '/api/v1/session', headers: { cookie: `other=1; ${cookie}` } });
    expect(me.json()).toEqual({ name: 'the operator', role: 'operator' });
    const forbidden = await api.app.inject({
      method: 'POST',
      url: '/api/v1/gateways',
      headers: { cookie },
      payload: { id: 'dock' },
    });
    expect(forbidden.statusCode).toBe(403);
  });

  it('refuses a cookie that was changed anywhere', async () => {
    const cookie = await signIn();
    const [, value = ''] = cookie.split('=');
    for (let at = 0; at < value.length; at += 7) {
      const other = value[at] === 'A' ? 'B' : 'A';
      const forged = `tallyport_session=${value.slice(0, at)}${other}${value.slice(at + 1)}`;
      const answer = await api.app.inject({ url: '/api/v1/session', headers: { cookie: forged } });
      expect(answer.statusCode).toBe(401);
    }
  });

  it('does not act for a page of another site', async () => {
    const cookie = await signIn();
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/exceptions/e1/acknowledge',
      headers: { cookie, 'sec-fetch-site': 'cross-site' },
      payload: {},
    });
    expect({ status: answer.statusCode, code: answer.json().code }).toEqual({
      status: 403,
      code: 'cross_site',
    });
  });

  it('ends at once when its user is revoked', async () => {
    const cookie = await signIn(api.tokens.inventory);
    await api.db.updateTable('users').set({ revoked_at: TEST_NOW }).where('role', '=', 'inventory').execute();
    const answer = await api.app.inject({ url: '/api/v1/session', headers: { cookie } });
    await api.db.updateTable('users').set({ revoked_at: null }).where('role', '=', 'inventory').execute();
    expect(answer.statusCode).toBe(401);
  });

  it('ends when its time is over', async () => {
    const cookie = await signIn();
    await api.clock.runFor(SESSION_SECONDS * 1000);
    const answer = await api.app.inject({ url: '/api/v1/session', headers: { cookie } });
    expect(answer.statusCode).toBe(401);
  });
});
