import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveMessage } from '../contract/live.ts';
import { bearer, openTestApi, type TestApi } from './api.fixture.ts';
import { MAX_SUBSCRIBERS } from './http/live.ts';
import { HEARTBEAT_MS } from './routes/stream.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

async function openStream(headers: Record<string, string>) {
  const answer = await api.app.inject({ url: '/api/v1/stream', headers, payloadAsStream: true });
  return { answer, body: answer.stream() };
}

async function nextChunk(stream: Readable): Promise<string> {
  const { value } = await stream[Symbol.asyncIterator]().next();
  return String(value);
}

describe('the live stream', () => {
  it('opens with the session cookie, sends what is published, and beats while nothing is', async () => {
    const signedIn = await api.app.inject({
      method: 'POST',
      url: '/api/v1/session',
      payload: { token: api.tokens.viewer },
    });
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    const { answer, body } = await openStream({ cookie });
    const chunks: string[] = [];
    body.on('data', (chunk) => chunks.push(String(chunk)));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');

    const message: LiveMessage = { topic: 'pass', at: '2026-06-01T06:00:00.000Z', readPoint: 'dock-1' };
    api.live.publish([message]);
    await api.clock.runFor(HEARTBEAT_MS);
    expect(chunks.join('')).toBe(`retry: 3000\n\ndata: ${JSON.stringify(message)}\n\n: beat\n\n`);
    answer.raw.res.destroy();
    await api.clock.settle();
  });

  it('forgets a stream that its reader closed, and its timer', async () => {
    const { answer, body } = await openStream(bearer(api.tokens.viewer));
    await nextChunk(body);
    expect(api.live.size).toBe(1);
    answer.raw.res.destroy();
    await api.clock.settle();
    expect({ size: api.live.size, timers: api.clock.pendingTimers() }).toEqual({ size: 0, timers: [] });
  });

  it('ends within a heartbeat when its reader is revoked', async () => {
    const { answer } = await openStream(bearer(api.tokens.quality));
    expect(api.live.size).toBe(1);
    await api.db.updateTable('users').set({ revoked_at: 1 }).where('role', '=', 'quality').execute();
    await api.clock.runFor(HEARTBEAT_MS);
    await api.clock.settle();
    expect({
      destroyed: answer.raw.res.destroyed,
      size: api.live.size,
      timers: api.clock.pendingTimers(),
    }).toEqual({
      destroyed: true,
      size: 0,
      timers: [],
    });
  });

  it('is refused when too many are open', async () => {
    const open = Array.from({ length: MAX_SUBSCRIBERS }, () =>
      api.live.subscribe({ write: () => true, destroy: () => {} }),
    );
    const answer = await api.app.inject({ url: '/api/v1/stream', headers: bearer(api.tokens.viewer) });
    for (const subscription of open) subscription?.close();
    expect({ status: answer.statusCode, code: answer.json().code }).toEqual({
      status: 503,
      code: 'too_many_streams',
    });
  });

  it('asks who you are', async () => {
    const answer = await api.app.inject({ url: '/api/v1/stream' });
    expect(answer.statusCode).toBe(401);
  });
});
