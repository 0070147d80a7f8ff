import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Exception } from '../contract/exceptions.ts';
import type { StockObject } from '../contract/objects.ts';
import type { Shipment } from '../contract/shipments.ts';
import { verifyGateway } from '../fleet/verify-gateway.fixture.ts';
import { bearer, openTestApi, TEST_NOW, type TestApi } from './api.fixture.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const at = '2026-06-01T05:00:00.000Z';
const object = (epc: string): StockObject => ({
  epc,
  scheme: 'sgtin-96',
  uri: null,
  gtin: '04012345678901',
  itemName: 'Yoghurt',
  serial: '1',
  sscc: null,
  lot: null,
  expiry: null,
  location: 'cold-1',
  disposition: 'in_progress',
  onHold: false,
  movedAt: at,
  firstSeenAt: at,
  lastSeenAt: at,
});
const exception: Exception = {
  id: 'e1',
  kind: 'excursion',
  severity: 'critical',
  title: 'Too warm',
  advice: 'Check the door.',
  subject: 'cold-1',
  location: 'cold-1',
  readPoint: 'probe-1',
  raisedAt: at,
  clearedAt: null,
  status: 'raised',
  revision: 1,
  detail: {},
  holds: { active: 2, released: 0 },
  decisions: [],
};
const shipment: Shipment = {
  id: 'ASN-1',
  kind: 'inbound',
  reference: '4711',
  partner: 'Dairy',
  readPoint: 'dock-1',
  expectedFrom: at,
  expectedTo: at,
  status: 'expected',
  closed: false,
  expected: 1,
  actual: 0,
  lines: [],
  unexpected: [],
};

beforeEach(() => {
  api.ledger.rows.objects = ['30aa', '30bb', '30cc'].map(object);
  api.ledger.rows.exceptions = [exception];
  api.ledger.rows.shipments = [shipment];
});

const get = (url: string) => api.app.inject({ url, headers: bearer(api.tokens.viewer) });
const post = (url: string, payload?: object, token = api.tokens.admin) =>
  api.app.inject({ method: 'POST', url, headers: bearer(token), ...(payload && { payload }) });

describe('lists', () => {
  it('pages through objects without a gap or a repetition', async () => {
    const seen: string[] = [];
    let after: string | null = '0';
    while (after !== null) {
      const page: { items: StockObject[]; next: string | null } = (
        await get(`/api/v1/objects?limit=2&after=${after}`)
      ).json();
      seen.push(...page.items.map((item) => item.epc));
      after = page.next;
    }
    expect(seen).toEqual(['30aa', '30bb', '30cc']);
  });

  it('passes the filters on', async () => {
    await get('/api/v1/objects?location=cold-1&gtin=1&onHold=true&search=30&limit=5');
    expect(api.ledger.asked.objects).toEqual({
      filter: { location: 'cold-1', gtin: '1', onHold: true, search: '30' },
      page: { limit: 5, offset: 0 },
    });
    await get('/api/v1/exceptions?status=raised&kind=excursion');
    expect(api.ledger.asked.exceptions).toEqual({
      filter: { status: 'raised', kind: 'excursion' },
      page: { limit: 100, offset: 0 },
    });
  });

  it('asks for the samples of the last day unless asked for others', async () => {
    await get('/api/v1/samples?readPoint=probe-1');
    expect(api.ledger.asked.samples).toEqual({
      readPoint: 'probe-1',
      metric: 'temperature',
      from: api.clock.now() - 86_400_000,
      to: api.clock.now(),
    });
  });
});

describe('the event log', () => {
  it('gives the events of one type as they were taken, oldest first, in pages', async () => {
    const stamp = {
      recorded_at: 2,
      received_at: 3,
      boot_id: 'boot',
      monotonic_ms: 0,
      clock: 'synced',
    };
    const key = { gateway: 'dock', epoch: 'epoch-01', lane: 'stock' };
    const rows = [30, 10, 20].map((occurred_at, index) => ({
      ...key,
      ...stamp,
      seq: index + 1,
      type: occurred_at === 10 ? 'dispatch' : 'receipt',
      read_point: 'dock-1',
      occurred_at,
      body: JSON.stringify({ passId: `p${index}` }),
    }));
    await api.db.insertInto('events').values(rows).execute();
    const receipts = (await get('/api/v1/events?type=receipt')).json().items;
    expect(receipts).toEqual(
      [rows[2], rows[0]].map((row) => ({
        ...key,
        seq: row?.seq,
        type: 'receipt',
        readPoint: 'dock-1',
        occurredAt: new Date(row?.occurred_at ?? 0).toISOString(),
        rawOccurredAt: null,
        timeQuality: 'as-recorded',
        receivedAt: new Date(3).toISOString(),
        clock: 'synced',
        body: JSON.parse(row?.body ?? ''),
      })),
    );
    expect((await get('/api/v1/events?limit=1&after=1')).json()).toMatchObject({
      items: [{ seq: 3 }],
      next: '2',
    });
  });
});

describe('decisions', () => {
  it('are made in the name of whoever asks', async () => {
    const answer = await post('/api/v1/exceptions/e1/acknowledge', undefined, api.tokens.operator);
    expect(answer.json().status).toBe('acknowledged');
    expect(api.ledger.asked.acknowledge).toEqual({ id: 'e1', actor: 'the operator', reason: '' });
  });

  it('made twice are answered with decided_already', async () => {
    await post('/api/v1/shipments/ASN-1/close', { reason: 'truck left' });
    expect(api.ledger.asked.closeShipment).toEqual({ id: 'ASN-1', actor: 'the admin', reason: 'truck left' });
    const again = await post('/api/v1/shipments/ASN-1/close');
    expect({ status: again.statusCode, code: again.json().code }).toEqual({
      status: 409,
      code: 'decided_already',
    });
  });

  it('of quality carry a reason and name what they release', async () => {
    api.ledger.rows.holds = [
      {
        exceptionId: 'e1',
        epc: '30aa',
        gtin: null,
        itemName: null,
        lot: null,
        location: null,
        exposedFrom: at,
        exposedTo: null,
        status: 'active',
      },
    ];
    const body = { exceptionId: 'e1', epcs: ['30aa'], reason: 'core temperature measured' };
    const answer = await post('/api/v1/holds/release', body, api.tokens.quality);
    expect(answer.json()).toEqual({ released: 1 });
    expect(api.ledger.asked.releaseHolds).toEqual({
      request: { exceptionId: 'e1', epcs: ['30aa'] },
      actor: 'the quality',
      reason: 'core temperature measured',
    });
  });
});

describe('shipments', () => {
  it('come in as JSON', async () => {
    const answer = await post('/api/v1/shipments', [{ id: 'ASN-1' }], api.tokens.inventory);
    expect({ status: answer.statusCode, body: answer.json() }).toEqual({
      status: 201,
      body: { loaded: ['ASN-1'] },
    });
    expect(api.ledger.asked.loadShipments).toEqual({ form: 'json', value: [{ id: 'ASN-1' }] });
  });

  it('come in as CSV', async () => {
    const csv = 'shipment,line,gtin,quantity\nASN-1,1,04012345678901,12\n';
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/shipments',
      headers: { ...bearer(api.tokens.inventory), 'content-type': 'text/csv; charset=utf-8' },
      payload: csv,
    });
    expect(answer.statusCode).toBe(201);
    expect(api.ledger.asked.loadShipments).toEqual({ form: 'csv', text: csv });
  });
});

describe('gateways', () => {
  it('get a token that is shown once and opens the door until they are revoked', async () => {
    const added = (await post('/api/v1/gateways', { id: 'dock-1' })).json();
    expect(await verifyGateway(api.db, 'dock-1', added.token, TEST_NOW)).toBe(true);
    expect(await verifyGateway(api.db, 'dock-1', 'other', TEST_NOW)).toBe(false);
    expect((await post('/api/v1/gateways', { id: 'dock-1' })).json().code).toBe('gateway_exists');
    expect(await verifyGateway(api.db, 'dock-1', added.token, TEST_NOW)).toBe(true);

    expect((await post('/api/v1/gateways/dock-1/revoke')).json()).toEqual({ id: 'dock-1', revoked: true });
    expect(api.revoked).toContain('dock-1');
    expect(await verifyGateway(api.db, 'dock-1', added.token, TEST_NOW)).toBe(false);

    const renewed = (await post('/api/v1/gateways/dock-1/token')).json();
    expect(await verifyGateway(api.db, 'dock-1', renewed.token, TEST_NOW)).toBe(true);
    expect(await verifyGateway(api.db, 'dock-1', added.token, TEST_NOW)).toBe(false);
  });
});

describe('operations', () => {
  it('give Prometheus the counters', async () => {
    const metrics = await get('/metrics');
    expect(metrics.headers['content-type']).toMatch(/^text\/plain/);
    expect(metrics.body).toContain('\ntallyport_events_taken 3\n');
    expect(metrics.body).toContain('tallyport_http_request_seconds_bucket');
  });

  it('send the headers that protect a browser with every answer', async () => {
    for (const url of ['/', '/healthz', '/api/v1/status', '/api/v1/nothing']) {
      const { headers } = await get(url);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });
});

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 with an answer of a known shape and a problem for every operation', async () => {
    const document = (await get('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const paths: Record<string, Record<string, Operation>> = document.paths;
    for (const [path, operations] of Object.entries(paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const [method, operation] of Object.entries(operations)) {
        const name = `${method} ${path}`;
        expect(operation.summary, name).toBeTruthy();
        const declared = (operation.parameters ?? [])
          .filter((one) => one.in === 'path')
          .map((one) => one.name);
        expect(declared, name).toEqual(inPath);
        const good = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
        expect(good, name).toHaveLength(1);
        const [content] = Object.values(operation.responses[good[0] ?? '']?.content ?? {});
        if (good[0] !== '204') expect(content?.schema, name).toMatchObject({ type: expect.any(String) });
        const problem = operation.responses.default?.content?.['application/problem+json'];
        expect(problem?.schema, name).toMatchObject({ required: expect.arrayContaining(['code', 'advice']) });
      }
    }
  });
});

interface Operation {
  summary?: string;
  parameters?: { in: string; name: string }[];
  responses: Record<string, { content?: Record<string, { schema?: unknown }> }>;
}
