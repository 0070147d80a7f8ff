/** The page: what the web build left in `dist`. Its assets carry their hash in the name and never change. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import * as z from 'zod';
import type { Api } from './api.ts';
import { ProblemError } from './problems.ts';

export async function page(app: Api, dist: string): Promise<void> {
  if (!existsSync(join(dist, 'index.html'))) {
    app.get('/', { config: { access: 'public' }, schema: { hide: true } }, async () => {
      throw new ProblemError('page_not_built', 'this cloud answers, but its page was not built');
    });
    return;
  }
  await app.register(fastifyStatic, {
    root: dist,
    serve: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const hashed = path.includes('/assets/');
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.get(
    '/*',
    { config: { access: 'public' }, schema: { hide: true, params: z.object({ '*': z.string() }) } },
    (request, reply) => reply.sendFile(request.params['*'] || 'index.html'),
  );
}
