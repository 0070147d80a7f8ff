import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MAX_BATCH_BYTES } from '../../protocol/link/batch.ts';
import type { DeliveryOutcome } from '../intake/delivery-queue.ts';
import { bearer, openTestApi, type TestApi } from './api.fixture.ts';
import { type LinkDoor, MAX_REQUESTS_OF_GATEWAY } from './routes/link.ts';

const ACK = { v: 1, gateway: 'dock', epoch: 'epoch-01', lane: 'stock', upTo: 7 } as const;
/** Enough for one test; the limit has a gateway of its own. */
const REQUESTS_PER_MINUTE = 100;
const TAKEN: DeliveryOutcome = { kind: 'taken', ack: ACK };

let api: TestApi;
/** What the door does now, and what came through it. */
let answer: () => Promise<DeliveryOutcome> | DeliveryOutcome;
let came: unknown[][];
let tokens: Map<string, string>;

beforeAll(async () => {
  const door: LinkDoor = {
    requestsPerMinute: REQUESTS_PER_MINUTE,
    deliver: async (gateway, lane, payload) => {
      came.push([gateway, lane, ...payload]);
      return await answer();
    },
    reportState: (gateway, state) => came.push([gateway, state]),
    verify: async (gateway, token) => tokens.get(gateway) === token,
    ownerOf: async (token) => [...tokens].find(([, its]) => its === token)?.[0],
  };
  api = await openTestApi({ link: door });
});
afterAll(() => api.close());
beforeEach(() => {
  answer = () => TAKEN;
  came = [];
  tokens = new Map([
    ['dock', 'token-of-dock'],
    ['yard', 'token-of-yard'],
    ['busy', 'token-of-busy'],
  ]);
});

const post = (path: string, payload: Buffer | string, headers: Record<string, string> = {}) =>
  api.app.inject({
    method: 'POST',
    url: `/link/v1/${path}`,
    payload,
    headers: {
      'content-type': 'application/octet-stream',
      ...bearer(`token-of-${path.split('/')[0]}`),
      ...headers,
    },
  });

describe('a batch by POST', () => {
  it('comes in byte for byte, and the answer is its ack', async () => {
    const taken = await post('dock/stock', Buffer.from([0, 255, 31, 139]));
    expect([taken.statusCode, taken.json()]).toEqual([200, ACK]);
    expect(came).toEqual([['dock', 'stock', 0, 255, 31, 139]]);
  });

  it('that is refused for good gets 202 and nothing', async () => {
    answer = () => ({ kind: 'refused' });
    const refused = await post('dock/stock', 'x');
    expect([refused.statusCode, refused.body]).toEqual([202, '']);
  });

  it('that is not taken gets 503 with a time to come again', async () => {
    answer = () => ({ kind: 'not-taken', reason: 'the database is away' });
    const sent = await post('dock/stock', 'x');
    expect([sent.statusCode, sent.headers['retry-after']]).toEqual([503, '2']);
    expect(sent.json()).toMatchObject({ code: 'batch_not_taken', detail: 'the database is away' });
  });

  it.each([
    ['without a token', { authorization: '' }, 'not_a_gateway', 401],
    ['with a token of nobody', bearer('who'), 'not_a_gateway', 401],
    ['with the token of another', bearer('token-of-yard'), 'other_gateway', 403],
  ])('%s is not read', async (_case, headers, code, status) => {
    const sent = await post('dock/stock', 'x', headers);
    expect([sent.statusCode, sent.json().code, came]).toEqual([status, code, []]);
  });

  it('of a gateway that was just revoked is not read', async () => {
    expect((await post('dock/stock', 'x')).statusCode).toBe(200);
    tokens.delete('dock');
    expect((await post('dock/stock', 'x')).statusCode).toBe(401);
  });

  it('may be as large as a batch, and not a byte larger', async () => {
    expect((await post('dock/stock', Buffer.alloc(MAX_BATCH_BYTES))).statusCode).toBe(200);
    expect((await post('dock/stock', Buffer.alloc(MAX_BATCH_BYTES + 1))).statusCode).toBe(413);
    expect(came).toHaveLength(1);
  });

  it('must name a lane, and come as bytes', async () => {
    expect((await post('dock/gossip', 'x')).statusCode).toBe(400);
    expect((await post('dock/stock', '{}', { 'content-type': 'application/json' })).statusCode).toBe(400);
    expect((await post('dock/stock', '{}', { 'content-type': 'text/html' })).statusCode).toBe(415);
  });

  it('finds no place while as many of its gateway are under way, and one again after', async () => {
    const open: ((outcome: DeliveryOutcome) => void)[] = [];
    answer = () => new Promise((resolve) => open.push(resolve));
    const underWay = Array.from({ length: MAX_REQUESTS_OF_GATEWAY }, () => post('dock/stock', 'x'));
    while (open.length < MAX_REQUESTS_OF_GATEWAY) await new Promise((resolve) => setImmediate(resolve));
    expect((await post('dock/stock', 'x')).statusCode).toBe(503);
    for (const settle of open) settle(TAKEN);
    await Promise.all(underWay);
    const next = post('dock/stock', 'x');
    while (open.length <= MAX_REQUESTS_OF_GATEWAY) await new Promise((resolve) => setImmediate(resolve));
    open.at(-1)?.(TAKEN);
    expect((await next).statusCode).toBe(200);
  });

  it('is limited per gateway and minute, whoever shares its address', async () => {
    const statuses = new Set<number>();
    for (let sent = 0; sent < REQUESTS_PER_MINUTE; sent++) {
      statuses.add((await post('busy/stock', 'x')).statusCode);
    }
    expect([...statuses]).toEqual([200]);
    const over = await post('busy/stock', 'x');
    expect([over.statusCode, over.json().code]).toEqual([429, 'rate_limited']);
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0);
    expect((await post('yard/stock', 'x')).statusCode).toBe(200);
  });
});

it('a gateway says that it goes, and nothing else', async () => {
  const plain = { 'content-type': 'text/plain' };
  expect((await post('dock/state', 'offline', plain)).statusCode).toBe(204);
  expect((await post('dock/state', 'asleep', plain)).statusCode).toBe(400);
  expect(came).toEqual([['dock', 'offline']]);
});

it('who is not known is answered and cut off before sending the body', async () => {
  const { app } = api;
  const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(address.port), '127.0.0.1');
  let said = '';
  socket.on('data', (chunk) => {
    said += String(chunk);
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(
    'POST /link/v1/dock/stock HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\nfirst bytes',
  );
  await closed;
  expect(said).toMatch(/^HTTP\/1\.1 401 /);
});

it('the document describes the link', async () => {
  const { app } = api;
  const { paths } = (await app.inject('/openapi.json')).json();
  expect(paths['/link/v1/{gateway}/{lane}'].post.responses).toHaveProperty('202');
  expect(paths['/link/v1/{gateway}/{lane}'].post.requestBody.content).toHaveProperty([
    'application/octet-stream',
  ]);
});
