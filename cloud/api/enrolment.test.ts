import { X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTestCa, makeTestRequest, newKeys } from '../enrolment/certificates.fixture.ts';
import { type DeviceCa, openDeviceCa } from '../enrolment/device-ca.ts';
import { MAX_UNUSED_TOKENS } from '../enrolment/gateway-tokens.ts';
import { X509Crl } from '../enrolment/x509.ts';
import { verifyGateway } from '../fleet/verify-gateway.fixture.ts';
import { bearer, openTestApi, TEST_NOW, type TestApi } from './api.fixture.ts';
import { ENROLMENTS_PER_MINUTE } from './routes/enrolment.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UPLINK = { mqttUrl: 'mqtts://broker.example:8883', httpsUrl: 'https://cloud.example' };

describe('the identity of a gateway', () => {
  let api: TestApi;
  let deviceCa: DeviceCa;
  /** Each request of a test from an address of its own: the limit has a test for itself. */
  let address = 0;

  beforeAll(async () => {
    const files = await makeTestCa({ from: TEST_NOW - DAY, to: TEST_NOW + 365 * DAY });
    deviceCa = await openDeviceCa({ ...files, certificateDays: 30, now: TEST_NOW });
    const identity = { deviceCa, serverCaPem: files.certPem, uplink: UPLINK };
    api = await openTestApi({ identity, trustProxy: true });
  });
  beforeEach(async () => {
    await api.db.deleteFrom('gateways').execute();
    await api.db.deleteFrom('invitations').execute();
    api.revoked.length = 0;
  });
  afterAll(() => api.close());

  const ask = async (method: 'GET' | 'POST', url: string, payload?: object, token?: string) => {
    address += 1;
    const response = await api.app.inject({
      method,
      url,
      ...(payload && { payload }),
      headers: {
        'x-forwarded-for': `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`,
        ...(token !== undefined && bearer(token)),
      },
    });
    const json = response.headers['content-type']?.includes('json') ? response.json() : undefined;
    return { status: response.statusCode, json, text: response.body };
  };
  const invite = async (id: string, body: object = {}) =>
    (await ask('POST', `/api/v1/gateways/${id}/invitation`, body, api.tokens.admin)).json;
  const enrol = (body: object) => ask('POST', '/link/v1/enroll', body);
  const renew = (token: string, body: object = {}) => ask('POST', '/link/v1/renew', body, token);
  const enrolled = async (id: string, csrPem?: string) => {
    const { code } = await invite(id);
    return (await enrol({ code, csrPem })).json as { token: string; certificatePem: string };
  };
  const isValid = (id: string, token: string) => verifyGateway(api.db, id, token, api.clock.now());
  const revoke = (id: string) => ask('POST', `/api/v1/gateways/${id}/revoke`, undefined, api.tokens.admin);
  const refusedSerials = async () => {
    const { text } = await ask('GET', '/link/v1/ca.crl');
    return new X509Crl(text.replaceAll('X509 CRL', 'CRL')).entries.map((entry) => entry.serialNumber);
  };
  const serialOf = (pem: string) => new X509Certificate(pem).serialNumber.toLowerCase();

  it('comes of a one-time code: a token, a certificate in its name, and where to deliver', async () => {
    const invitation = await invite('dock-1');
    expect(invitation).toEqual({
      id: 'dock-1',
      code: expect.stringMatching(/^(\w{5}-){3}\w{5}$/),
      expiresAt: new Date(api.clock.now() + 24 * HOUR).toISOString(),
    });
    const csrPem = await makeTestRequest(await newKeys(), undefined, 'CN=admin,O=Evil');
    const { status, json } = await enrol({ code: invitation.code, gateway: 'dock-1', csrPem });
    expect([status, json]).toMatchObject([200, { gateway: 'dock-1', uplink: UPLINK }]);
    expect(new X509Certificate(json.certificatePem).subject).toBe('CN=dock-1');
    expect(await isValid('dock-1', json.token)).toBe(true);
    const { json: list } = await ask('GET', '/api/v1/certificates', undefined, api.tokens.operator);
    expect(list.items).toMatchObject([
      { gateway: 'dock-1', serial: serialOf(json.certificatePem), revokedAt: null },
    ]);
  });

  it('code and token are nowhere in the database', async () => {
    const { code } = await invite('dock-1');
    const { json } = await enrol({ code });
    const rows = [
      await api.db.selectFrom('invitations').selectAll().execute(),
      await api.db.selectFrom('gateway_tokens').selectAll().execute(),
    ];
    expect(JSON.stringify(rows)).not.toContain(code);
    expect(JSON.stringify(rows)).not.toContain(json.token);
  });

  it('is given once for a code: a second use is refused and changes nothing', async () => {
    const { code } = await invite('dock-1');
    const first = await enrol({ code });
    const again = await enrol({ code: code.toLowerCase().replaceAll('-', '') });
    expect([again.status, again.json.code]).toEqual([409, 'enrolment_code_used']);
    expect(await isValid('dock-1', first.json.token)).toBe(true);
  });

  it('goes to one of many who use the code at once', async () => {
    const { code } = await invite('dock-1');
    const answers = await Promise.all(Array.from({ length: 8 }, () => enrol({ code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409, 409, 409, 409]);
  });

  it('is refused for a code that expired, was replaced, or never was', async () => {
    const { code: replaced } = await invite('dock-1');
    const { code } = await invite('dock-1', { hours: 1 });
    expect((await enrol({ code: replaced })).json).toMatchObject({
      status: 403,
      code: 'enrolment_code_wrong',
    });
    await api.clock.runFor(HOUR);
    expect((await enrol({ code })).json).toMatchObject({ status: 410, code: 'enrolment_code_expired' });
    for (const other of ['', 'x', code.replace(/.$/, '#'), '00000-00000-00000-00000']) {
      expect((await enrol({ code: other })).json).toMatchObject({ code: 'enrolment_code_wrong' });
    }
    expect(await api.db.selectFrom('gateways').select('id').execute()).toEqual([]);
  });

  it('is refused to another gateway and for a bad request, and the code stays good for the right one', async () => {
    const { code } = await invite('dock-1');
    const other = await enrol({ code, gateway: 'dock-2' });
    expect(other.json).toMatchObject({ status: 403, code: 'enrolment_other_gateway' });
    const bad = await enrol({ code, csrPem: 'nonsense' });
    expect(bad.json).toMatchObject({ status: 422, code: 'invalid_certificate_request' });
    expect((await enrol({ code, gateway: 'dock-1' })).status).toBe(200);
  });

  it('is asked for by administrators alone, with an id that is free to have', async () => {
    for (const role of ['viewer', 'operator', 'inventory', 'quality'] as const) {
      const { status } = await ask('POST', '/api/v1/gateways/dock-1/invitation', {}, api.tokens[role]);
      expect(status).toBe(403);
    }
    for (const id of ['enroll', 'renew', 'identity', 'tallyport-cloud', 'Dock']) {
      const { json } = await ask('POST', `/api/v1/gateways/${id}/invitation`, {}, api.tokens.admin);
      expect(json).toMatchObject({ code: 'invalid_request' });
    }
    expect((await invite('dock-1', { hours: 10_000 })).code).toBe('invalid_request');
  });

  it('is tried for only so often from one address', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < ENROLMENTS_PER_MINUTE + 1; i++) {
      const payload = { code: 'x' };
      statuses.push((await api.app.inject({ method: 'POST', url: '/link/v1/enroll', payload })).statusCode);
    }
    expect(statuses).toEqual([...Array.from({ length: ENROLMENTS_PER_MINUTE }, () => 403), 429]);
  });

  it('of anything at all is answered with a problem, never with an error of ours', async () => {
    const { code } = await invite('dock-1');
    const body = fc.oneof(
      fc.record({ code: fc.constant(code), csrPem: fc.string({ maxLength: 300 }) }),
      fc.record({ code: fc.string(), gateway: fc.string(), csrPem: fc.string() }, { requiredKeys: [] }),
      fc.uint8Array({ maxLength: 400 }).map((der) => ({
        code,
        csrPem: `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE REQUEST-----`,
      })),
    );
    await fc.assert(
      fc.asyncProperty(body, async (payload) => {
        const { status, json } = await enrol(payload);
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        expect(json).toMatchObject({ status, code: expect.any(String), advice: expect.any(String) });
      }),
      { numRuns: 60 },
    );
    expect((await enrol({ code: 'x', csrPem: 'x'.repeat(40_000) })).json.code).toBe('body_too_large');
  });

  describe('when it is renewed', () => {
    it('stays good until the new one is used once: an answer that is lost shuts nobody out', async () => {
      const { token } = await enrolled('dock-1');
      const lost = (await renew(token)).json.token;
      const kept = (await renew(token)).json.token;
      expect(await isValid('dock-1', token)).toBe(true);
      expect(await isValid('dock-1', kept)).toBe(true);
      for (const ended of [token, lost]) expect(await isValid('dock-1', ended)).toBe(false);
      expect((await renew(token)).json).toMatchObject({ status: 401, code: 'not_a_gateway' });
    });

    it('an answer that comes late ends nothing, and its token is as good as the later one', async () => {
      const { token } = await enrolled('dock-1');
      const early = (await renew(token)).json.token;
      await renew(token);
      expect(await isValid('dock-1', early)).toBe(true);
      expect(await isValid('dock-1', token)).toBe(false);
    });

    it('has no more than a few open answers', async () => {
      const { token } = await enrolled('dock-1');
      expect(await isValid('dock-1', token)).toBe(true);
      const given: string[] = [];
      for (let i = 0; i < MAX_UNUSED_TOKENS + 2; i++) given.push((await renew(token)).json.token);
      expect(await isValid('dock-1', given[0] ?? '')).toBe(false);
      expect(await isValid('dock-1', given.at(-1) ?? '')).toBe(true);
    });

    it('gets a new certificate; the old one goes onto the list once the new token is used', async () => {
      const first = await enrolled('dock-1', await makeTestRequest(await newKeys()));
      const second = (await renew(first.token, { csrPem: await makeTestRequest(await newKeys()) })).json;
      expect(await refusedSerials()).toEqual([]);
      expect((await ask('GET', '/link/v1/identity', undefined, second.token)).json).toEqual({
        gateway: 'dock-1',
      });
      expect(await refusedSerials()).toEqual([serialOf(first.certificatePem)]);
      // A new token without a certificate leaves the one there is.
      const third = (await renew(second.token)).json;
      expect(await isValid('dock-1', third.token)).toBe(true);
      expect(await refusedSerials()).toEqual([serialOf(first.certificatePem)]);
    });

    it('needs a token of a gateway: not one of a person, not none', async () => {
      for (const token of [api.tokens.admin, 'x', '']) {
        expect((await renew(token)).json).toMatchObject({ status: 401, code: 'not_a_gateway' });
      }
    });
  });

  describe('when it is revoked', () => {
    it('opens nothing any more: tokens, open renewals, invitations, certificates', async () => {
      const first = await enrolled('dock-1', await makeTestRequest(await newKeys()));
      const pending = (await renew(first.token)).json.token;
      const { code } = await invite('dock-1');
      expect((await revoke('dock-1')).status).toBe(200);
      for (const token of [first.token, pending]) {
        expect(await isValid('dock-1', token)).toBe(false);
        expect((await renew(token)).status).toBe(401);
        expect((await ask('GET', '/link/v1/identity', undefined, token)).status).toBe(401);
      }
      expect((await enrol({ code })).json.code).toBe('enrolment_code_wrong');
      expect(await refusedSerials()).toEqual([serialOf(first.certificatePem)]);
      expect(api.revoked).toEqual(['dock-1']);
    });

    it('comes back with a new invitation, and what was stolen stays shut out', async () => {
      const stolen = await enrolled('dock-1', await makeTestRequest(await newKeys()));
      await revoke('dock-1');
      const { token } = await enrolled('dock-1', await makeTestRequest(await newKeys()));
      // Also before the new one is used: what was revoked is not what a renewal replaces.
      expect(await isValid('dock-1', stolen.token)).toBe(false);
      expect(await isValid('dock-1', token)).toBe(true);
      expect(await refusedSerials()).toEqual([serialOf(stolen.certificatePem)]);
    });

    it('cannot be slipped past by a renewal under way', async () => {
      const { token } = await enrolled('dock-1');
      const [renewal] = await Promise.all([renew(token), revoke('dock-1')]);
      if (renewal.status === 200) expect(await isValid('dock-1', renewal.json.token)).toBe(false);
      expect(await isValid('dock-1', token)).toBe(false);
    });

    it('leaves the list when its certificate has expired anyway', async () => {
      await enrolled('dock-1', await makeTestRequest(await newKeys()));
      await revoke('dock-1');
      await api.clock.runFor(31 * DAY);
      expect(await refusedSerials()).toEqual([]);
    });
  });
});

it('a cloud without a CA gives tokens and has no list', async () => {
  const api = await openTestApi();
  const post = (url: string, payload: object, token?: string) =>
    api.app.inject({ method: 'POST', url, payload, ...(token !== undefined && { headers: bearer(token) }) });
  const invited = await post('/api/v1/gateways/dock-1/invitation', {}, api.tokens.admin);
  const csrPem = await makeTestRequest(await newKeys());
  const given = (await post('/link/v1/enroll', { code: invited.json().code, csrPem })).json();
  expect(given).toEqual({ gateway: 'dock-1', token: expect.any(String), uplink: {} });
  const list = await api.app.inject('/link/v1/ca.crl');
  expect(list.json()).toMatchObject({ status: 404, code: 'no_device_ca' });
  await api.close();
});
