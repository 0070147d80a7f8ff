import { describe, expect, it } from 'vitest';
import { clockAt } from '../../../test/support/clock-at.ts';
import { ApiProblemError, createApiClient, queryText } from './api-client.ts';
import { Resource } from './resource.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a resource', () => {
  it('keeps what it knew when a later fetch fails, and forgets the problem when one succeeds', async () => {
    const clock = clockAt(0);
    const answers = [
      () => 'first',
      () => {
        throw new ApiProblemError({ ...PROBLEM, title: 'Away' });
      },
      () => 'second',
    ];
    const resource = new Resource({
      clock,
      name: 'test',
      everyMs: 500,
      load: async () => answers.shift()?.() ?? 'none',
    });
    const seen: unknown[] = [];
    resource.subscribe(() => seen.push([resource.state().data, resource.state().problem?.title]));
    for (let fetched = 0; fetched < 3; fetched += 1) {
      resource.refresh();
      await settle();
      await clock.runFor(500);
      await settle();
    }
    expect(seen).toEqual([
      ['first', undefined],
      ['first', 'Away'],
      ['second', undefined],
    ]);
  });
});

const PROBLEM = { type: 'x', title: 'No', status: 401, detail: 'd', code: 'unauthenticated', advice: 'a' };

describe('the client of the API', () => {
  const answering = (response: () => Promise<Response>) => {
    let signedOut = 0;
    const api = createApiClient(response, () => {
      signedOut += 1;
    });
    return { api, signedOut: () => signedOut };
  };

  it('throws the problem that the cloud answered, and reports that the session has ended', async () => {
    const { api, signedOut } = answering(async () => Response.json(PROBLEM, { status: 401 }));
    await expect(api.delete('/session')).rejects.toMatchObject({ problem: PROBLEM });
    expect(signedOut()).toBe(1);
  });

  it('makes a problem of a silent network and of a page that a proxy put in between', async () => {
    const silent = answering(async () => {
      throw new TypeError('fetch failed');
    });
    await expect(silent.api.delete('/x')).rejects.toMatchObject({ problem: { code: 'unreachable' } });
    const proxied = answering(async () => new Response('<html>', { status: 502 }));
    await expect(proxied.api.delete('/x')).rejects.toMatchObject({
      problem: { code: 'unexpected_answer', status: 502 },
    });
    expect(proxied.signedOut()).toBe(0);
  });

  it('leaves out of an address what is not asked for', () => {
    expect(queryText({ lot: 'A&B', gtin: null, location: undefined, limit: 5 })).toBe('?lot=A%26B&limit=5');
    expect(queryText({})).toBe('');
  });
});
