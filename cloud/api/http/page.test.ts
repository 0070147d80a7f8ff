import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from '../api.fixture.ts';

let api: TestApi;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tallyport-page-'));
  mkdirSync(join(folder, 'dist', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'dist', 'index.html'), '<!doctype html><title>Tallyport</title>');
  writeFileSync(join(folder, 'dist', 'assets', 'main-3f2a.js'), 'export {};');
  writeFileSync(join(folder, 'secret'), 'not for you');
  api = await openTestApi({ pageDir: join(folder, 'dist') });
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

const get = (url: string) => api.app.inject({ url });

describe('the page', () => {
  it('is served to whoever asks, and asked for anew each time', async () => {
    const answer = await get('/');
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringContaining("script-src 'self'"),
    });
    expect(answer.body).toContain('<title>Tallyport</title>');
  });

  it('lets its assets be kept for ever, since their names change with them', async () => {
    const answer = await get('/assets/main-3f2a.js');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it.each(['/missing.js', '/api/v1/nothing', '/../secret', '/%2e%2e/secret', '/assets/..%2f..%2fsecret'])(
    'answers %s with a problem, not with a file',
    async (url) => {
      const answer = await get(url);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.body).not.toContain('not for you');
    },
  );
});
